using SyncFlow.Simulator.GraphQl;

namespace SyncFlow.Simulator.Shopify;

/// <summary>What Shopify asks of a bulk query: 1 to 5 connections, nested at most 2 deep.</summary>
internal static class BulkQueryRules
{
    private const int MaxConnections = 5;
    private const int MaxDepth = 2;

    /// <summary>Why a query cannot run in bulk; null when it can.</summary>
    internal static string? Problem(Schema schema, string query)
    {
        Document document;
        try
        {
            document = Parser.Parse(query);
        }
        catch (GraphQlException syntax)
        {
            return $"Invalid bulk query: {syntax.Message}";
        }

        var operation = document.Operations[0];
        if (operation.Kind != "query" || document.Operations.Count > 1)
        {
            return "Bulk queries must contain a single query operation.";
        }

        if (Validator.Validate(schema, document, operation) is { Count: > 0 } errors)
        {
            return $"Invalid bulk query: {errors[0].Message}";
        }

        var count = 0;
        var depth = Depth(schema, document, schema.Query, operation.Selections, ref count);
        return count switch
        {
            0 => "Bulk queries must contain at least one connection.",
            > MaxConnections => $"Bulk queries cannot contain more than {MaxConnections} connections.",
            _ => depth > MaxDepth
                ? $"Bulk queries cannot contain connections with a nesting depth greater than {MaxDepth}."
                : null,
        };
    }

    private static int Depth(
        Schema schema, Document document, TypeDef type, IReadOnlyList<SelectionNode> selections, ref int count)
    {
        var deepest = 0;
        foreach (var selection in selections)
        {
            var depth = 0;
            switch (selection)
            {
                case FieldNode field when field.Name != "__typename":
                    var def = type.Fields[field.Name];
                    depth = Depth(schema, document, schema[def.Type.Leaf], field.Selections, ref count);
                    if (def.IsConnection)
                    {
                        depth++;
                        count++;
                    }

                    break;
                case InlineNode inline:
                    depth = Depth(
                        schema, document, inline.TypeName is null ? type : schema[inline.TypeName], inline.Selections, ref count);
                    break;
                case SpreadNode spread:
                    var fragment = document.Fragments[spread.Fragment];
                    depth = Depth(schema, document, schema[fragment.TypeName], fragment.Selections, ref count);
                    break;
                default:
                    break;
            }

            deepest = Math.Max(deepest, depth);
        }

        return deepest;
    }
}
