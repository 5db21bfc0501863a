using System.Text.Json;
using SyncFlow.Simulator.GraphQl;
using SyncFlow.Simulator.Shopify.Resolvers;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Shopify;

/// <summary>
/// Runs bulk queries to JSON lines. Nodes of nested connections become lines of their own with <c>__parentId</c>; unless
/// groupObjects was asked for, children and parents are shuffled, so that a child may come before its parent.
/// </summary>
internal sealed class BulkRunner(World world, Schema schema, TimeSpan duration)
{
    /// <summary>Runs an operation after its time has passed; a shop's gate is held only for the reading itself.</summary>
    internal async Task RunAsync(Shop shop, BulkOperation operation, string apiVersion, CancellationToken cancel)
    {
        await Task.Delay(duration / 2, world.Clock, cancel);
        lock (shop.Gate)
        {
            if (operation.Status == "CANCELED")
            {
                return;
            }

            operation.Status = "RUNNING";
        }

        await Task.Delay(duration / 2, world.Clock, cancel);
        lock (shop.Gate)
        {
            if (operation.Status == "CANCELED")
            {
                return;
            }

            Finish(shop, operation, apiVersion);
        }
    }

    private void Finish(Shop shop, BulkOperation operation, string apiVersion)
    {
        var now = world.Clock.GetUtcNow();
        var document = Parser.Parse(operation.Query);
        var context = new RequestContext(world, shop, apiVersion, now) { PublicAddress = "", IsBulk = true };
        var executor = new Executor(
            schema, document, new Dictionary<string, object?>(), context, QueryResolvers.TypeName);
        var data = executor.Run(document.Operations[0]);
        operation.CompletedAt = now;
        if (data is null || executor.Errors.Count > 0)
        {
            (operation.Status, operation.ErrorCode) = ("FAILED", "INTERNAL_SERVER_ERROR");
        }
        else
        {
            var lines = Lines(data);
            operation.RootObjectCount = lines.Count(l => l.Parent is null);
            operation.ObjectCount = lines.Count;
            if (!operation.GroupObjects)
            {
                lines = Shuffle(lines);
            }

            operation.Result = lines.Count == 0 ? null : Write(lines);
            operation.Status = "COMPLETED";
        }

        var changes = new ShopChanges();
        changes.Tell("bulk_operations/finish", operation);
        world.Commit(shop, changes, now);
    }

    private static List<(ResultObject Node, string? Parent)> Lines(ResultObject data)
    {
        var lines = new List<(ResultObject, string?)>();
        foreach (var (_, value) in data.Fields)
        {
            if (value is ResultObject { IsConnection: true } connection)
            {
                Emit(connection, null, lines);
            }
        }

        return lines;
    }

    private static void Emit(ResultObject connection, string? parent, List<(ResultObject Node, string? Parent)> lines)
    {
        foreach (var node in Nodes(connection))
        {
            var line = new ResultObject(false, false);
            lines.Add((line, parent));
            var id = node["id"] as string;
            foreach (var field in node.Fields)
            {
                if (field.Value is ResultObject { IsConnection: true } nested)
                {
                    Emit(nested, id, lines);
                }
                else
                {
                    line.Fields.Add(field);
                }
            }

            if (parent is not null)
            {
                line.Fields.Add(new("__parentId", parent));
            }
        }
    }

    private static IEnumerable<ResultObject> Nodes(ResultObject connection)
    {
        if (connection["nodes"] is List<object?> nodes)
        {
            return nodes.OfType<ResultObject>();
        }

        return connection["edges"] is List<object?> edges
            ? edges.OfType<ResultObject>().Select(e => e["node"]).OfType<ResultObject>()
            : [];
    }

    private List<(ResultObject Node, string? Parent)> Shuffle(List<(ResultObject Node, string? Parent)> lines)
    {
        for (var i = lines.Count - 1; i > 0; i--)
        {
            var other = world.Draw(0, i);
            (lines[i], lines[other]) = (lines[other], lines[i]);
        }

        return lines;
    }

    private static ReadOnlyMemory<byte> Write(List<(ResultObject Node, string? Parent)> lines)
    {
        var buffer = new MemoryStream();
        foreach (var (node, _) in lines)
        {
            using (var json = new Utf8JsonWriter(buffer))
            {
                AnswerWriter.Value(json, node);
            }

            buffer.WriteByte((byte)'\n');
        }

        return buffer.ToArray();
    }
}
