namespace SyncFlow.Simulator.GraphQl;

internal enum TypeKind
{
    Object,
    Interface,
    Union,
    Input,
    Enum,
    Scalar,
}

internal sealed record InputValueDef(string Name, TypeRef Type, bool HasDefault, object? Default);

internal sealed class FieldDef(string name, TypeRef type, IReadOnlyDictionary<string, InputValueDef> arguments)
{
    internal string Name { get; } = name;

    internal TypeRef Type { get; } = type;

    internal IReadOnlyDictionary<string, InputValueDef> Arguments { get; } = arguments;

    /// <summary>Computes the field's value from its parent's; bound after the schema is read.</summary>
    internal Resolver? Resolve { get; set; }

    internal bool IsConnection { get; } = type.Leaf.EndsWith("Connection", StringComparison.Ordinal);
}

/// <summary>Computes a field from its parent object and the call.</summary>
internal delegate object? Resolver(object source, FieldCall call);

internal sealed class TypeDef(string name, TypeKind kind)
{
    internal string Name { get; } = name;

    internal TypeKind Kind { get; } = kind;

    internal Dictionary<string, FieldDef> Fields { get; } = new(StringComparer.Ordinal);

    internal Dictionary<string, InputValueDef> Inputs { get; } = new(StringComparer.Ordinal);

    internal HashSet<string> Values { get; } = new(StringComparer.Ordinal);

    /// <summary>Interfaces of an object; members of a union.</summary>
    internal List<string> Others { get; } = [];

    internal bool IsLeaf => Kind is TypeKind.Enum or TypeKind.Scalar;

    internal bool IsComposite => Kind is TypeKind.Object or TypeKind.Interface or TypeKind.Union;
}

/// <summary>The types of the API, read from the schema language.</summary>
internal sealed class Schema
{
    internal Dictionary<string, TypeDef> Types { get; } = new(StringComparer.Ordinal);

    internal Dictionary<string, InputValueDef> IdempotentArguments { get; } = new(StringComparer.Ordinal);

    internal TypeDef Query => Types["QueryRoot"];

    internal TypeDef Mutation => Types["Mutation"];

    internal TypeDef this[string name] => Types[name];

    /// <summary>True when a value of the object type may stand where the other type is asked for.</summary>
    internal bool Fits(TypeDef type, string asked) =>
        type.Name == asked
        || type.Others.Contains(asked)
        || (Types.TryGetValue(asked, out var union) && union.Kind == TypeKind.Union && union.Others.Contains(type.Name));

    /// <summary>Gives a field its resolver; throws when the schema has no such field.</summary>
    internal void Bind(string type, string field, Resolver resolver)
    {
        if (!Types.TryGetValue(type, out var owner) || !owner.Fields.TryGetValue(field, out var def))
        {
            throw new InvalidOperationException($"the schema has no field {type}.{field}");
        }

        def.Resolve = resolver;
    }

    /// <summary>Fields of object types nobody computes; must be empty.</summary>
    internal IEnumerable<string> Unbound() =>
        from type in Types.Values
        where type.Kind == TypeKind.Object
        from field in type.Fields.Values
        where field.Resolve is null
        select $"{type.Name}.{field.Name}";
}
