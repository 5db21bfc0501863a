namespace SyncFlow.Simulator.GraphQl;

/// <summary>A reference to a variable inside a literal.</summary>
internal sealed record VariableRef(string Name);

/// <summary>An enum literal (a bare name).</summary>
internal sealed record EnumLiteral(string Name);

/// <summary>A type as written: a name, or a list of an inner type; both may be non-null.</summary>
internal sealed record TypeRef(string? Name, TypeRef? Item, bool NonNull)
{
    /// <summary>The name inside all lists.</summary>
    internal string Leaf => Name ?? Item!.Leaf;

    public override string ToString() => (Item is null ? Name : $"[{Item}]") + (NonNull ? "!" : "");
}

internal readonly record struct Position(int Line, int Column);

/// <summary>
/// Literals: null, bool, long, double, string, <see cref="EnumLiteral"/>, <see cref="VariableRef"/>, List&lt;object?&gt;,
/// Dictionary&lt;string, object?&gt;.
/// </summary>
internal sealed record ArgumentNode(string Name, object? Value, Position At);

internal sealed record DirectiveNode(string Name, IReadOnlyList<ArgumentNode> Arguments, Position At);

internal abstract record SelectionNode(IReadOnlyList<DirectiveNode> Directives, Position At);

internal sealed record FieldNode(
    string Name, string? Alias, IReadOnlyList<ArgumentNode> Arguments, IReadOnlyList<DirectiveNode> Directives,
    IReadOnlyList<SelectionNode> Selections, Position At) : SelectionNode(Directives, At)
{
    internal string Key => Alias ?? Name;
}

internal sealed record SpreadNode(string Fragment, IReadOnlyList<DirectiveNode> Directives, Position At)
    : SelectionNode(Directives, At);

internal sealed record InlineNode(
    string? TypeName, IReadOnlyList<DirectiveNode> Directives, IReadOnlyList<SelectionNode> Selections, Position At)
    : SelectionNode(Directives, At);

internal sealed record VariableNode(string Name, TypeRef Type, bool HasDefault, object? Default, Position At);

internal sealed record OperationNode(
    string Kind, string? Name, IReadOnlyList<VariableNode> Variables, IReadOnlyList<SelectionNode> Selections, Position At);

internal sealed record FragmentNode(
    string Name, string TypeName, IReadOnlyList<SelectionNode> Selections, Position At);

internal sealed record Document(
    IReadOnlyList<OperationNode> Operations, IReadOnlyDictionary<string, FragmentNode> Fragments);
