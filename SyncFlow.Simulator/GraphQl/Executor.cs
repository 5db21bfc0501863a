namespace SyncFlow.Simulator.GraphQl;

/// <summary>One call of a field: its coerced arguments and what surrounds it.</summary>
internal sealed class FieldCall(object context, FieldDef field, IReadOnlyDictionary<string, object?> arguments, string? idempotencyKey)
{
    /// <summary>What the caller of the executor passed in.</summary>
    internal object Context { get; } = context;

    internal FieldDef Field { get; } = field;

    /// <summary>Arguments given or defaulted; an argument that was omitted and has no default is absent.</summary>
    internal IReadOnlyDictionary<string, object?> Arguments { get; } = arguments;

    /// <summary>The key of an <c>@idempotent</c> directive on the field; null without one.</summary>
    internal string? IdempotencyKey { get; } = idempotencyKey;

    internal T? Argument<T>(string name) => Arguments.TryGetValue(name, out var value) && value is T typed ? typed : default;
}

/// <summary>An object of the answer, its fields in the order asked for.</summary>
internal sealed class ResultObject(bool isConnection, bool isList)
{
    internal List<KeyValuePair<string, object?>> Fields { get; } = [];

    internal bool IsConnection { get; } = isConnection;

    /// <summary>An edge or page info: carries others, costs nothing itself.</summary>
    internal bool IsWrapper { get; } = isList;

    internal object? this[string key]
    {
        get
        {
            foreach (var (name, value) in Fields)
            {
                if (name == key)
                {
                    return value;
                }
            }

            return null;
        }
    }
}

/// <summary>Runs one operation of a validated document. Not thread-safe; one instance per request.</summary>
internal sealed class Executor(
    Schema schema, Document document, IReadOnlyDictionary<string, object?> variables, object context,
    Func<object, string> typeNameOf)
{
    /// <summary>Stands for "a field that must not be null was": the nearest nullable parent becomes null.</summary>
    private static readonly object Broken = new();

    private readonly List<object> _path = [];

    internal List<GraphQlError> Errors { get; } = [];

    internal ResultObject? Run(OperationNode operation)
    {
        var root = operation.Kind == "mutation" ? schema.Mutation : schema.Query;
        return Object(root, root, operation.Selections) as ResultObject;
    }

    private object Object(TypeDef type, object source, IReadOnlyList<SelectionNode> selections)
    {
        var fields = new List<(string Key, FieldNode First, List<SelectionNode>? Merged)>();
        Collect(type, selections, fields);
        var result = new ResultObject(
            type.Name.EndsWith("Connection", StringComparison.Ordinal),
            type.Name == "PageInfo" || type.Name.EndsWith("Edge", StringComparison.Ordinal));
        foreach (var (key, node, merged) in fields)
        {
            if (node.Name == "__typename")
            {
                result.Fields.Add(new(key, type.Name));
                continue;
            }

            _path.Add(key);
            var value = Field(type.Fields[node.Name], source, node, merged ?? node.Selections);
            _path.RemoveAt(_path.Count - 1);
            if (ReferenceEquals(value, Broken))
            {
                return Broken;
            }

            result.Fields.Add(new(key, value));
        }

        return result;
    }

    private void Collect(
        TypeDef type, IReadOnlyList<SelectionNode> selections,
        List<(string Key, FieldNode First, List<SelectionNode>? Merged)> into)
    {
        foreach (var selection in selections)
        {
            if (selection.Directives.Count > 0 && !Included(selection.Directives))
            {
                continue;
            }

            switch (selection)
            {
                case FieldNode field:
                    Merge(into, field);
                    break;
                case InlineNode inline when inline.TypeName is null || schema.Fits(type, inline.TypeName):
                    Collect(type, inline.Selections, into);
                    break;
                case SpreadNode spread when schema.Fits(type, document.Fragments[spread.Fragment].TypeName):
                    Collect(type, document.Fragments[spread.Fragment].Selections, into);
                    break;
                default:
                    break;
            }
        }
    }

    private static void Merge(List<(string Key, FieldNode First, List<SelectionNode>? Merged)> into, FieldNode field)
    {
        for (var i = 0; i < into.Count; i++)
        {
            if (into[i].Key == field.Key)
            {
                var merged = into[i].Merged ?? [.. into[i].First.Selections];
                merged.AddRange(field.Selections);
                into[i] = (into[i].Key, into[i].First, merged);
                return;
            }
        }

        into.Add((field.Key, field, null));
    }

    private bool Included(IReadOnlyList<DirectiveNode> directives)
    {
        foreach (var directive in directives)
        {
            if (directive.Name is "skip" or "include")
            {
                var given = directive.Arguments[0].Value;
                var on = given is VariableRef reference ? variables.GetValueOrDefault(reference.Name) is true : given is true;
                if (on == (directive.Name == "skip"))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private object? Field(FieldDef field, object source, FieldNode node, IReadOnlyList<SelectionNode> selections)
    {
        try
        {
            var call = new FieldCall(context, field, Arguments(schema, field, node, variables), Key(node, variables));
            return Complete(field.Type, field.Resolve!(source, call), selections);
        }
        catch (GraphQlException refusal)
        {
            Errors.Add(refusal.Error with { At = refusal.Error.At ?? node.At, Path = [.. _path] });
            return field.Type.NonNull ? Broken : null;
        }
    }

    /// <summary>A root field's call without running it.</summary>
    internal static FieldCall Call(
        Schema schema, TypeDef root, FieldNode node, IReadOnlyDictionary<string, object?> variables)
    {
        var field = root.Fields[node.Name];
        return new FieldCall(root, field, Arguments(schema, field, node, variables), Key(node, variables));
    }

    private static IReadOnlyDictionary<string, object?> Arguments(
        Schema schema, FieldDef field, FieldNode node, IReadOnlyDictionary<string, object?> variables)
    {
        if (field.Arguments.Count == 0)
        {
            return EmptyArguments;
        }

        var values = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var known in field.Arguments.Values)
        {
            ArgumentNode? given = null;
            foreach (var argument in node.Arguments)
            {
                given = argument.Name == known.Name ? argument : given;
            }

            if (given is not null && Literals.TryResolve(schema, known.Type, given.Value, variables, out var value))
            {
                values[known.Name] = value;
            }
            else if (known.HasDefault && Literals.TryResolve(schema, known.Type, known.Default, variables, out var standard))
            {
                values[known.Name] = standard;
            }
        }

        return values;
    }

    private static readonly IReadOnlyDictionary<string, object?> EmptyArguments = new Dictionary<string, object?>();

    private static string? Key(FieldNode node, IReadOnlyDictionary<string, object?> variables)
    {
        foreach (var directive in node.Directives)
        {
            if (directive.Name == "idempotent")
            {
                var value = directive.Arguments[0].Value;
                return (value is VariableRef reference ? variables.GetValueOrDefault(reference.Name) : value) as string;
            }
        }

        return null;
    }

    private object? Complete(TypeRef type, object? value, IReadOnlyList<SelectionNode> selections)
    {
        if (value is null)
        {
            if (!type.NonNull)
            {
                return null;
            }

            Errors.Add(new GraphQlError("Cannot return null for non-nullable field", null, [.. _path]));
            return Broken;
        }

        if (type.Item is { } item)
        {
            return List(type, item, (System.Collections.IEnumerable)value, selections);
        }

        var def = schema[type.Name!];
        if (def.IsLeaf)
        {
            return value;
        }

        var actual = def.Kind == TypeKind.Object ? def : schema[typeNameOf(value)];
        var result = Object(actual, value, selections);
        return ReferenceEquals(result, Broken) && !type.NonNull ? null : result;
    }

    private object? List(TypeRef type, TypeRef item, System.Collections.IEnumerable values, IReadOnlyList<SelectionNode> selections)
    {
        var list = new List<object?>();
        foreach (var element in values)
        {
            _path.Add(list.Count);
            var value = Complete(item, element, selections);
            _path.RemoveAt(_path.Count - 1);
            if (ReferenceEquals(value, Broken))
            {
                return type.NonNull ? Broken : null;
            }

            list.Add(value);
        }

        return list;
    }
}
