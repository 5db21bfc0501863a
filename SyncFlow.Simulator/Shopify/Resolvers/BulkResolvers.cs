using System.Globalization;
using SyncFlow.Simulator.GraphQl;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Shopify.Resolvers;

/// <summary>Starting, cancelling and watching bulk queries.</summary>
internal static class BulkResolvers
{
    /// <summary>Bulk queries one app may run at once on one shop (Shopify, from 2026-01 on).</summary>
    internal const int MaxConcurrent = 5;

    internal static void Bind(Schema schema)
    {
        new Binder<BulkOperation>(schema, "BulkOperation")
            .Field("completedAt", b => Gids.Time(b.CompletedAt))
            .Field("createdAt", b => Gids.Time(b.CreatedAt))
            .Field("errorCode", b => b.ErrorCode)
            .Field("fileSize", b => b.Result is { } file ? Text(file.Length) : null)
            .Field("id", b => Gids.Of("BulkOperation", b.Id))
            .Field("objectCount", b => Text(b.ObjectCount))
            .Field("partialDataUrl", _ => null)
            .Field("query", b => b.Query)
            .Field("rootObjectCount", b => Text(b.RootObjectCount))
            .Field("status", b => b.Status)
            .Field("type", _ => "QUERY")
            .Field("url", b => b.Result is null ? null : b.Url);
        new Binder<TypeDef>(schema, "Mutation")
            .Field("bulkOperationRunQuery", (_, c, call) => Run(schema, c, call))
            .Field("bulkOperationCancel", (_, c, call) => Cancel(c, call));
        new Binder<Payload>(schema, "BulkOperationRunQueryPayload")
            .Field("bulkOperation", p => p.Result)
            .Field("userErrors", p => p.Errors);
        new Binder<Payload>(schema, "BulkOperationCancelPayload")
            .Field("bulkOperation", p => p.Result)
            .Field("userErrors", p => p.Errors);
        InventoryMutations.BindError(schema, "BulkOperationUserError");
    }

    internal static Page List(RequestContext context, FieldCall call)
    {
        var filter = SearchQuery.Compile<BulkOperation>(
            call.Argument<string>("query"),
            term => term.Field switch
            {
                "id" when SearchQuery.Id(term) is { } id => b => id(b.Id),
                "status" => b => SearchQuery.Text(term)(b.Status),
                "created_at" when SearchQuery.Moment(term) is { } at => b => at(b.CreatedAt),
                _ => null,
            },
            context.SearchWarnings);
        return Connections.Cut(context.Shop.BulkOperations.Values.Where(filter), b => Connections.Key(b.Id), call);
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static Payload Run(Schema schema, RequestContext context, FieldCall call)
    {
        var query = call.Argument<string>("query")!;
        var running = context.Shop.BulkOperations.Values.Count(b => b.Status is "CREATED" or "RUNNING");
        if (running >= MaxConcurrent)
        {
            return Payload.Refused(
                "BulkOperationUserError", "LIMIT_REACHED", null,
                "A bulk query operation for this app and shop is already in progress: the limit is reached.");
        }

        if (BulkQueryRules.Problem(schema, query) is { } problem)
        {
            return Payload.Refused("BulkOperationUserError", "INVALID", ["query"], problem);
        }

        var id = context.Shop.Ids.Next(IdKind.Bulk);
        var operation = new BulkOperation
        {
            Id = id,
            Query = query,
            GroupObjects = call.Argument<bool>("groupObjects"),
            CreatedAt = context.Now,
            Url = $"{context.PublicAddress}/shopify-files/{context.Shop.Domain}/bulk-{Text(id)}.jsonl",
        };
        context.Shop.BulkOperations.Add(id, operation);
        context.Started.Add(operation);
        return Payload.Of(operation);
    }

    private static Payload Cancel(RequestContext context, FieldCall call)
    {
        if (context.Shop.BulkOperations.GetValueOrDefault(
                Gids.Number(call.Argument<string>("id"), "BulkOperation") ?? 0) is not { } operation)
        {
            return Payload.Refused("UserError", null, ["id"], "Bulk operation does not exist");
        }

        if (operation.Status is "CREATED" or "RUNNING")
        {
            operation.Status = "CANCELED";
            operation.CompletedAt = context.Now;
        }

        return Payload.Of(operation);
    }
}
