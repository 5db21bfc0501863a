using System.Globalization;
using SyncFlow.Channels;
using SyncFlow.Core.Facts;

namespace SyncFlow.Benchmarks.Parse;

/// <summary>Facts in a few words: all that the rules ask of them.</summary>
internal static class FactText
{
    public static string Of(NormaliseResult result) => result.MalformedReason ?? result.IgnoredReason
        ?? string.Join('\n', result.Facts.Select(Of));

    private static string Of(Fact fact) => fact switch
    {
        OrderFact { Snapshot: var order } => Order(
            order.OrderRef, order.CreatedAt, order.SourceName,
            order.Lines.Select(l => string.Create(
                CultureInfo.InvariantCulture,
                $"{l.LineRef} {l.VariantRef} {l.Quantity} open {l.Open} fulfilled {l.Fulfilled}")
                + string.Concat(l.Assignments.Select(a => $" at {a.ExternalLocation}"))
                + string.Concat(l.Shipments.Select(s => $" from {s.ExternalLocation}"))
                + string.Concat(l.Restocks.Select(r => $" {r.Kind}")))),
        OrderTouched touched => "touched " + touched.OrderRef,
        LevelAnnounced level => string.Create(
            CultureInfo.InvariantCulture, $"level {level.ItemRef} {level.ExternalLocation} {level.Available}"),
        ChannelChanged changed => $"{changed.Kind} {changed.Ref}",
        _ => fact.ToString()!,
    };

    /// <summary>An order's facts, its lines as written before.</summary>
    public static string Order(string reference, DateTimeOffset at, string source, IEnumerable<string> lines) =>
        string.Create(CultureInfo.InvariantCulture, $"order {reference} {at.UtcDateTime:O} {source}\n") + string.Join('\n', lines);
}
