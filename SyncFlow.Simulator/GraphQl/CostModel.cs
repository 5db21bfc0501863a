namespace SyncFlow.Simulator.GraphQl;

/// <summary>
/// Query cost in points, as Shopify counts it: a mutation 10, an object 1, a scalar 0, a connection
/// <c>2 + floor(2 · ln(max(2, page size))) × cost of one node</c>; edges and page info carry, and cost nothing. The
/// logarithm was published by Shopify staff on the developer forum (topic 24364) and fits observed answers, such as 25
/// for 250 variants with their inventory items.
/// </summary>
internal sealed class CostModel(Schema schema, Document document, IReadOnlyDictionary<string, object?> variables)
{
    private const int MutationCost = 10;
    private const int ConnectionCost = 2;
    private const int MaxPage = 250;

    /// <summary>The cost asked for, before anything runs.</summary>
    internal int Requested(OperationNode operation)
    {
        if (operation.Kind == "mutation")
        {
            return MutationCost * operation.Selections.Count;
        }

        return Children(schema.Query, operation.Selections);
    }

    /// <summary>The cost of what was answered; never more than was asked.</summary>
    internal static int Actual(OperationNode operation, ResultObject? data, int requested) => operation.Kind == "mutation"
        ? requested
        : data is null ? 0 : Math.Min(requested, data.Fields.Sum(f => Of(f.Value)));

    private static int Multiplier(int page) => page <= 0 ? 0 : (int)(2 * Math.Log(Math.Max(2, Math.Min(page, MaxPage))));

    private static int Of(object? value)
    {
        switch (value)
        {
            case ResultObject { IsConnection: true } connection:
                var nodes = Nodes(connection);
                var each = nodes.Count == 0 ? 0 : nodes.Average(n => (double)Of(n));
                return ConnectionCost + (int)(Multiplier(nodes.Count) * each);
            case ResultObject plain:
                return (plain.IsWrapper ? 0 : 1) + plain.Fields.Sum(f => Of(f.Value));
            case List<object?> list:
                // A plain list counts as one object, like the field it stands in.
                return list.Count == 0 ? 0 : list.Max(Of);
            default:
                return 0;
        }
    }

    private static List<object?> Nodes(ResultObject connection)
    {
        foreach (var (_, value) in connection.Fields)
        {
            if (value is List<object?> list)
            {
                return list;
            }
        }

        return [];
    }

    private int Children(TypeDef type, IReadOnlyList<SelectionNode> selections)
    {
        // A value behind an interface or union has one type: of the fragments only the dearest counts.
        var abstractType = type.Kind is TypeKind.Interface or TypeKind.Union;
        var (sum, dearest) = (0, 0);
        foreach (var selection in selections)
        {
            switch (selection)
            {
                case FieldNode { Name: not "__typename" } field:
                    sum += Field(type.Fields[field.Name], field);
                    break;
                case InlineNode inline:
                    Add(Children(inline.TypeName is null ? type : schema[inline.TypeName], inline.Selections));
                    break;
                case SpreadNode spread:
                    var fragment = document.Fragments[spread.Fragment];
                    Add(Children(schema[fragment.TypeName], fragment.Selections));
                    break;
                default:
                    break;
            }
        }

        return sum + dearest;

        void Add(int cost)
        {
            if (abstractType)
            {
                dearest = Math.Max(dearest, cost);
            }
            else
            {
                sum += cost;
            }
        }
    }

    private int Field(FieldDef def, FieldNode field)
    {
        var type = schema[def.Type.Leaf];
        if (type.IsLeaf)
        {
            return 0;
        }

        var children = Children(type, field.Selections);
        if (def.IsConnection)
        {
            return ConnectionCost + (Multiplier(PageSize(field)) * children);
        }

        // Undocumented: nodes(ids:) is taken to scale like a connection of as many nodes.
        if (def.Name == "nodes" && field.Arguments.Count > 0 && type.Name == "Node")
        {
            var ids = field.Arguments[0].Value is VariableRef reference
                ? variables.GetValueOrDefault(reference.Name)
                : field.Arguments[0].Value;
            return Multiplier(ids is List<object?> list ? list.Count : 1) * (1 + children);
        }

        var wrapper = type.Name == "PageInfo" || type.Name.EndsWith("Edge", StringComparison.Ordinal);
        return (wrapper ? 0 : 1) + children;
    }

    private int PageSize(FieldNode field)
    {
        foreach (var argument in field.Arguments)
        {
            if (argument.Name is "first" or "last")
            {
                var value = argument.Value is VariableRef reference ? variables.GetValueOrDefault(reference.Name) : argument.Value;
                return value switch
                {
                    long number => (int)Math.Clamp(number, 0, MaxPage),
                    int number => number,
                    _ => 0,
                };
            }
        }

        return 0;
    }
}
