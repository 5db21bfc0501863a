using System.Globalization;
using SyncFlow.Core.Engine;

namespace SyncFlow.Core.Stock;

/// <summary>Corrections of on-hand by somebody who does not own it: refused, and said so with the rule that says who does.</summary>
internal static class AuthorityRefusals
{
    /// <summary>Whether a correction is refused; then it is noted.</summary>
    /// <param name="from">The connection it came from; null for a person or an integrator.</param>
    public static bool IsRefused(WorkingSet set, SkuState sku, LocationId location, int units, ConnectionId? from, DateTimeOffset at)
    {
        if (Authority.MayCorrect(sku, location, from))
        {
            return false;
        }

        set.Incidents.Add(new Incident(
            string.Create(CultureInfo.InvariantCulture, $"not-the-authority:{sku.Sku.Value}:{location.Value}"), "not-the-authority",
            string.Create(
                CultureInfo.InvariantCulture,
                $"A correction of {units} units was refused: {Words(Authority.Of(sku.AuthorityRules, location)!)}."),
            from, sku.Sku, null, at));
        return true;
    }

    /// <summary>A rule in words.</summary>
    private static string Words(AuthorityRule rule)
    {
        var about = rule switch
        {
            { Sku: not null, Location: not null } => "of this SKU at this location",
            { Sku: not null } => "of this SKU",
            { SkuPrefix: { } prefix, Location: not null } => $"of SKUs that begin with '{prefix}' at this location",
            { SkuPrefix: { } prefix } => $"of SKUs that begin with '{prefix}'",
            { Location: not null } => "at this location",
            _ => "everywhere",
        };
        return string.Create(
            CultureInfo.InvariantCulture, $"the rule about on-hand {about} says that connection {rule.Connection!.Value.Value} is its authority");
    }
}
