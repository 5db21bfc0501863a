using System.Text.Json;

namespace SyncFlow.Simulator.GraphQl;

/// <summary>Turns the request's JSON variables into values of their declared types.</summary>
internal static class Variables
{
    internal static Dictionary<string, object?> Coerce(Schema schema, OperationNode operation, JsonElement? given)
    {
        var values = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var variable in operation.Variables)
        {
            JsonElement json = default;
            if (given is { ValueKind: JsonValueKind.Object } all && all.TryGetProperty(variable.Name, out json))
            {
                var problems = new List<(string Path, string Explanation)>();
                values[variable.Name] = Value(schema, variable.Type, json, "", problems);
                if (problems.Count > 0)
                {
                    throw Invalid(variable, json, problems);
                }
            }
            else if (variable.HasDefault)
            {
                Literals.TryResolve(schema, variable.Type, variable.Default, values, out var standard);
                values[variable.Name] = standard;
            }
            else if (variable.Type.NonNull)
            {
                throw Invalid(variable, json, [("", "Expected value to not be null")]);
            }
        }

        return values;
    }

    private static GraphQlException Invalid(
        VariableNode variable, JsonElement json, List<(string Path, string Explanation)> problems)
    {
        var first = problems[0].Path.Length == 0 ? "" : $" for {problems[0].Path} ({problems[0].Explanation})";
        return new GraphQlException(new GraphQlError(
            $"Variable ${variable.Name} of type {variable.Type} was provided invalid value{first}", variable.At, null,
            GraphQlException.Extensions(
                "INVALID_VARIABLE",
                ("value", json.ValueKind == JsonValueKind.Undefined ? null : json.Clone()),
                ("problems", problems.Select(p => new Dictionary<string, object?>
                {
                    ["path"] = p.Path.Length == 0 ? Array.Empty<object>() : p.Path.Split('.').Cast<object>().ToArray(),
                    ["explanation"] = p.Explanation,
                }).ToList<object?>()))));
    }

    private static object? Value(
        Schema schema, TypeRef type, JsonElement json, string path, List<(string Path, string Explanation)> problems)
    {
        if (json.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined)
        {
            if (type.NonNull)
            {
                problems.Add((path, "Expected value to not be null"));
            }

            return null;
        }

        if (type.Item is { } item)
        {
            if (json.ValueKind != JsonValueKind.Array)
            {
                return new List<object?> { Value(schema, item, json, path, problems) };
            }

            var list = new List<object?>(json.GetArrayLength());
            foreach (var element in json.EnumerateArray())
            {
                list.Add(Value(schema, item, element, Join(path, $"{list.Count}"), problems));
            }

            return list;
        }

        var def = schema[type.Name!];
        return def.Kind == TypeKind.Input ? Input(schema, def, json, path, problems) : Scalar(def, json, path, problems);
    }

    private static Dictionary<string, object?>? Input(
        Schema schema, TypeDef def, JsonElement json, string path, List<(string Path, string Explanation)> problems)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            problems.Add((path, $"Could not coerce value to {def.Name}"));
            return null;
        }

        var fields = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var property in json.EnumerateObject())
        {
            if (def.Inputs.TryGetValue(property.Name, out var known))
            {
                fields[known.Name] = Value(schema, known.Type, property.Value, Join(path, known.Name), problems);
            }
            else
            {
                problems.Add((Join(path, property.Name), $"Field is not defined on {def.Name}"));
            }
        }

        foreach (var input in def.Inputs.Values.Where(i => !fields.ContainsKey(i.Name)))
        {
            if (input.HasDefault)
            {
                Literals.TryResolve(schema, input.Type, input.Default, fields, out var standard);
                fields[input.Name] = standard;
            }
            else if (input.Type.NonNull)
            {
                problems.Add((Join(path, input.Name), "Expected value to not be null"));
            }
        }

        return fields;
    }

    private static object? Scalar(
        TypeDef def, JsonElement json, string path, List<(string Path, string Explanation)> problems)
    {
        object? raw = json.ValueKind switch
        {
            JsonValueKind.String => json.GetString(),
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            // The cast keeps a whole number whole: the conditional would otherwise turn both into doubles.
            JsonValueKind.Number => json.TryGetInt64(out var whole) ? (object)whole : json.GetDouble(),
            _ => null,
        };
        if (raw is not null && Literals.TryScalar(def, raw, isLiteral: false, out var value))
        {
            return value;
        }

        problems.Add((path, def.Kind == TypeKind.Enum
            ? $"Expected \"{raw}\" to be one of: {string.Join(", ", def.Values.Take(20))}"
            : $"Could not coerce value {json.GetRawText()} to {def.Name}"));
        return null;
    }

    private static string Join(string path, string next) => path.Length == 0 ? next : $"{path}.{next}";
}
