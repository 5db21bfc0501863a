using System.Globalization;

namespace SyncFlow.Simulator.GraphQl;

/// <summary>Checks literals against input types and turns literals and variables into plain values.</summary>
internal static class Literals
{
    /// <summary>Why a literal does not fit its type, or null when it does. Variables are checked when they are known.</summary>
    internal static string? Problem(Schema schema, TypeRef type, object? value)
    {
        if (value is VariableRef)
        {
            return null;
        }

        if (value is null)
        {
            return type.NonNull ? $"Expected type '{type}'." : null;
        }

        if (type.Item is { } item)
        {
            return value is List<object?> list
                ? list.Select(v => Problem(schema, item, v)).FirstOrDefault(p => p is not null)
                : Problem(schema, item, value);
        }

        var def = schema[type.Name!];
        if (def.Kind != TypeKind.Input)
        {
            return TryScalar(def, value, isLiteral: true, out _) ? null : $"Expected type '{type}'.";
        }

        if (value is not Dictionary<string, object?> fields)
        {
            return $"Expected type '{type}'.";
        }

        foreach (var (name, inner) in fields)
        {
            if (!def.Inputs.TryGetValue(name, out var known))
            {
                return $"InputObject '{def.Name}' doesn't accept argument '{name}'.";
            }

            if (Problem(schema, known.Type, inner) is { } problem)
            {
                return problem;
            }
        }

        var missing = def.Inputs.Values.FirstOrDefault(i => i.Type.NonNull && !i.HasDefault && !fields.ContainsKey(i.Name));
        return missing is null ? null : $"Argument '{missing.Name}' on InputObject '{def.Name}' is required.";
    }

    /// <summary>Replaces variables in a literal and fills defaults; a field whose variable is absent stays absent.</summary>
    internal static bool TryResolve(
        Schema schema, TypeRef type, object? value, IReadOnlyDictionary<string, object?> variables, out object? result)
    {
        result = null;
        if (value is VariableRef reference)
        {
            return variables.TryGetValue(reference.Name, out result);
        }

        if (value is null)
        {
            return true;
        }

        if (type.Item is { } item)
        {
            var list = new List<object?>();
            foreach (var element in value as List<object?> ?? [value])
            {
                list.Add(TryResolve(schema, item, element, variables, out var inner) ? inner : null);
            }

            result = list;
            return true;
        }

        var def = schema[type.Name!];
        if (def.Kind != TypeKind.Input)
        {
            TryScalar(def, value, isLiteral: true, out result);
            return true;
        }

        var given = (Dictionary<string, object?>)value;
        var fields = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var input in def.Inputs.Values)
        {
            if (given.TryGetValue(input.Name, out var raw) && TryResolve(schema, input.Type, raw, variables, out var inner))
            {
                fields[input.Name] = inner;
            }
            else if (input.HasDefault && TryResolve(schema, input.Type, input.Default, variables, out var standard))
            {
                fields[input.Name] = standard;
            }
        }

        result = fields;
        return true;
    }

    /// <summary>A scalar or enum from a literal or from a JSON value.</summary>
    internal static bool TryScalar(TypeDef def, object value, bool isLiteral, out object? result)
    {
        result = value;
        if (def.Kind == TypeKind.Enum)
        {
            var name = value is EnumLiteral literal ? literal.Name : isLiteral ? null : value as string;
            result = name;
            return name is not null && def.Values.Contains(name);
        }

        switch (def.Name)
        {
            case "Int":
                if (value is long and >= int.MinValue and <= int.MaxValue)
                {
                    result = (int)(long)value;
                    return true;
                }

                return false;
            case "Float":
                result = value is long whole ? (double)whole : value;
                return value is long or double;
            case "Boolean":
                return value is bool;
            case "ID":
                result = value is long number ? number.ToString(CultureInfo.InvariantCulture) : value;
                return value is string or long;
            case "DateTime":
                return value is string text
                    && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _);
            default:
                return value is string;
        }
    }
}
