using System.Globalization;
using SyncFlow.Simulator.GraphQl;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Shopify.Resolvers;

/// <summary>The orders query: it searches the lagging index and shows what the orders are now.</summary>
internal static class OrderQuery
{
    internal static Page Run(RequestContext context, FieldCall call)
    {
        var text = call.Argument<string>("query");
        DateTimeOffset? from = null;
        var filter = SearchQuery.Compile<Order>(
            text,
            term =>
            {
                if (term is { Field: "updated_at", Comparison: ">=" or ">" } && from is null
                    && DateTimeOffset.TryParse(term.Value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var bound))
                {
                    from = bound;
                }

                return Match(term);
            },
            context.SearchWarnings);

        // The bound may start the scan only where every order must meet it.
        var conjunctive = text is null || !(text.Contains(" OR ", StringComparison.Ordinal)
            || text.Contains("NOT ", StringComparison.Ordinal) || text.Contains("-updated", StringComparison.Ordinal));
        var shop = context.Shop;
        if (call.Argument<string>("sortKey") == "UPDATED_AT")
        {
            var found = shop.Search.ByUpdate(context.Now, conjunctive ? from ?? DateTimeOffset.MinValue : DateTimeOffset.MinValue)
                .Select(e => shop.OrderById(e.Id)!).Where(filter);
            return Connections.Cut(
                found, o => $"{Connections.Key(o.IndexedUpdatedAt!.Value.UtcTicks)}:{Connections.Key(o.Id)}", call);
        }

        return Connections.Cut(
            shop.Search.ById(context.Now).Select(id => shop.OrderById(id)!).Where(filter), o => Connections.Key(o.Id), call);
    }

    private static Func<Order, bool>? Match(SearchQuery.Term term) => term.Field switch
    {
        "id" when SearchQuery.Id(term) is { } id => o => id(o.Id),
        "name" => o => SearchQuery.Text(term)(o.Name),
        "updated_at" when SearchQuery.Moment(term) is { } at => o => at(o.IndexedUpdatedAt!.Value),
        "created_at" or "processed_at" when SearchQuery.Moment(term) is { } at => o => at(o.CreatedAt),
        "test" => o => SearchQuery.Text(term)(o.Test ? "true" : "false"),
        "source_name" => o => SearchQuery.Text(term)(o.SourceName),
        "sku" => o => o.Lines.Exists(l => SearchQuery.Text(term)(l.Sku)),
        "financial_status" => o => SearchQuery.Text(term)(o.FinancialStatus),
        "fulfillment_status" => o => SearchQuery.Text(term)(o.FulfillmentStatus ?? "unfulfilled"),
        "status" => term.Value switch
        {
            "any" => static _ => true,
            "not_closed" => o => o.ClosedAt is null,
            "open" => o => o.ClosedAt is null && o.CancelledAt is null,
            "closed" => o => o.ClosedAt is not null,
            "cancelled" => o => o.CancelledAt is not null,
            _ => null,
        },
        _ => null,
    };
}
