using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core.Oversells;
using SyncFlow.Storage.Oversells;

namespace SyncFlow.Api.Oversells;

/// <summary>The rules by which settlements are proposed and confirmed.</summary>
internal sealed class SettlementRulesEndpoints : IEndpoint
{
    /// <param name="Ranking">What makes a line the first to be settled, in order; each at most once.</param>
    /// <param name="MaySplit">Whether a line may be settled in part.</param>
    /// <param name="Confirmation">Which settlements need no person.</param>
    /// <param name="ResourceCost">What it costs to ship a line from elsewhere; nothing is booked when left out.</param>
    /// <param name="CancelCost">What it costs to cancel a line beside what it was sold for; nothing when left out.</param>
    internal sealed record Body(
        IReadOnlyList<SettlementRank>? Ranking, bool? MaySplit, SettlementConfirmation? Confirmation, MoneyInput? ResourceCost, MoneyInput? CancelCost);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/settlement-rules", GetAsync)
            .WithName("GetSettlementRules").WithTags("Oversells").Needs(Permission.PoliciesRead)
            .WithSummary("Reads the rules for settling oversells.");
        routes.MapPut("/settlement-rules", PutAsync)
            .WithName("SetSettlementRules").WithTags("Oversells").Needs(Permission.PoliciesWrite)
            .WithSummary("Sets the rules for settling oversells.");
    }

    private static async Task<Ok<Body>> GetAsync(Caller caller, OversellDesk desk, CancellationToken ct)
    {
        var rules = await desk.RulesAsync(caller.Tenant, ct).ConfigureAwait(false);
        return TypedResults.Ok(new Body(
            rules.Ranking, rules.MaySplit, rules.Confirmation, MoneyInput.Of(rules.ResourceCost), MoneyInput.Of(rules.CancelCost)));
    }

    private static async Task<Results<Ok<Body>, Refused>> PutAsync(Body body, Caller caller, OversellDesk desk, CancellationToken ct)
    {
        var check = new Check()
            .That(body.Ranking is { Count: > 0 }, "ranking", "At least one rank is needed.")
            .That(body.Ranking is null || body.Ranking.Distinct().Count() == body.Ranking.Count, "ranking", "Each rank at most once.")
            .That(body.MaySplit is not null, "maySplit", "True or false is needed.")
            .That(body.Confirmation is not null, "confirmation", "One of: byPerson, resource, everything.");
        MoneyInput.Check(body.ResourceCost, "resourceCost", check);
        MoneyInput.Check(body.CancelCost, "cancelCost", check);
        if (check.Failed(out var refused))
        {
            return refused;
        }

        var rules = new SettlementRules([.. body.Ranking!], body.MaySplit!.Value, body.Confirmation!.Value)
        {
            ResourceCost = body.ResourceCost?.Money,
            CancelCost = body.CancelCost?.Money,
        };
        await desk.SetRulesAsync(caller.Tenant, rules, caller.Name, ct).ConfigureAwait(false);
        return TypedResults.Ok(body);
    }
}
