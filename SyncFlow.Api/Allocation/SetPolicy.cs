using System.Collections.Immutable;
using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Operations;
using SyncFlow.Api.Security;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Brakes;
using SyncFlow.Storage.Allocation;
using SyncFlow.Storage.Brakes;

namespace SyncFlow.Api.Allocation;

/// <summary>
/// Reads, sets and withdraws the allocation policy of the tenant, a group or a SKU. Each answer tells the writes that
/// follow; with <c>preview=true</c> it only tells them. A change that the breaker holds waits (202). With <c>If-Match</c> a change is refused where somebody else
/// changed the policy since.
/// </summary>
internal sealed class SetPolicy : IEndpoint
{
    /// <param name="Mode">The mode of SKUs that have none of their own; a wider policy's when left out.</param>
    /// <param name="Channels">Rules, at most one a channel; a channel without one shares by weight.</param>
    internal sealed record Request(SharingMode? Mode, IReadOnlyList<Rule>? Channels);

    /// <param name="ConnectionId">Whose rule.</param>
    /// <param name="Reserve">Units set aside for it before anything is shared.</param>
    /// <param name="Minimum">Least units of its whole share.</param>
    /// <param name="Cap">Most units of its whole share.</param>
    /// <param name="Percent">Percent of what reserves leave.</param>
    /// <param name="Weight">Its weight where it has no percent; how fast it sells, when left out.</param>
    /// <param name="Priority">Who comes first where there is too little, lower first; the connection's when left out.</param>
    internal sealed record Rule(
        long? ConnectionId, int? Reserve, int? Minimum, int? Cap, decimal? Percent, double? Weight, int? Priority);

    /// <param name="Policy">As it stands.</param>
    /// <inheritdoc cref="RuleEffect"/>
    internal sealed record Answer(PolicyView Policy, PolicyWrites Writes, long? ChangeId, string? Trip);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/policies/allocation/tenant", (Work work, CancellationToken ct) => work.GetAsync(PolicyScope.Tenant, null, ct))
            .WithName("GetTenantPolicy").WithTags("Allocation").Needs(Permission.PoliciesRead)
            .WithSummary("Reads the policy of all SKUs without a narrower one.");
        routes.MapPut("/policies/allocation/tenant", (Request request, bool? preview, Work work, CancellationToken ct) =>
                work.SetAsync(PolicyScope.Tenant, null, request, preview == true, ct))
            .WithName("SetTenantPolicy").WithTags("Allocation").Needs(Permission.PoliciesWrite).HeedsIfMatch()
            .WithSummary("Sets the policy of all SKUs without a narrower one; preview=true only tells the writes.");
        routes.MapDelete("/policies/allocation/tenant", (bool? preview, Work work, CancellationToken ct) =>
                work.SetAsync(PolicyScope.Tenant, null, null, preview == true, ct))
            .WithName("WithdrawTenantPolicy").WithTags("Allocation").Needs(Permission.PoliciesWrite).HeedsIfMatch()
            .WithSummary("Withdraws the tenant's policy; preview=true only tells the writes.");
        routes.MapGet("/policies/allocation/groups/{group}", (string group, Work work, CancellationToken ct) => work.GetAsync(PolicyScope.Group, group, ct))
            .WithName("GetGroupPolicy").WithTags("Allocation").Needs(Permission.PoliciesRead)
            .WithSummary("Reads the policy of a group of SKUs.");
        routes.MapPut("/policies/allocation/groups/{group}", (string group, Request request, bool? preview, Work work, CancellationToken ct) =>
                work.SetAsync(PolicyScope.Group, group, request, preview == true, ct))
            .WithName("SetGroupPolicy").WithTags("Allocation").Needs(Permission.PoliciesWrite).HeedsIfMatch()
            .WithSummary("Sets the policy of a group of SKUs; preview=true only tells the writes.");
        routes.MapDelete("/policies/allocation/groups/{group}", (string group, bool? preview, Work work, CancellationToken ct) =>
                work.SetAsync(PolicyScope.Group, group, null, preview == true, ct))
            .WithName("WithdrawGroupPolicy").WithTags("Allocation").Needs(Permission.PoliciesWrite).HeedsIfMatch()
            .WithSummary("Withdraws a group's policy; preview=true only tells the writes.");
        routes.MapGet("/policies/allocation/skus/{sku}", (string sku, Work work, CancellationToken ct) => work.GetAsync(PolicyScope.Sku, sku, ct))
            .WithName("GetSkuPolicy").WithTags("Allocation").Needs(Permission.PoliciesRead)
            .WithSummary("Reads the policy of one SKU.");
        routes.MapPut("/policies/allocation/skus/{sku}", (string sku, Request request, bool? preview, Work work, CancellationToken ct) =>
                work.SetAsync(PolicyScope.Sku, sku, request, preview == true, ct))
            .WithName("SetSkuPolicy").WithTags("Allocation").Needs(Permission.PoliciesWrite).HeedsIfMatch()
            .WithSummary("Sets the policy of one SKU; preview=true only tells the writes.");
        routes.MapDelete("/policies/allocation/skus/{sku}", (string sku, bool? preview, Work work, CancellationToken ct) =>
                work.SetAsync(PolicyScope.Sku, sku, null, preview == true, ct))
            .WithName("WithdrawSkuPolicy").WithTags("Allocation").Needs(Permission.PoliciesWrite).HeedsIfMatch()
            .WithSummary("Withdraws a SKU's policy; preview=true only tells the writes.");
    }

    internal sealed class Work(Caller caller, ScopeNames names, PolicyDesk desk, RuleWork rules)
    {
        private TenantId Tenant => new(caller.Tenant);

        public async Task<Results<Ok<PolicyView>, Refused>> GetAsync(PolicyScope scope, string? code, CancellationToken ct)
        {
            var (of, refused) = await names.FindAsync(scope, code, ct).ConfigureAwait(false);
            if (refused is not null)
            {
                return refused;
            }

            var policy = await desk.FindAsync(Tenant, scope, of, ct).ConfigureAwait(false);
            rules.Tag(policy.Version);
            return TypedResults.Ok(policy);
        }

        /// <param name="request">Null withdraws the policy.</param>
        public async Task<Results<Ok<Answer>, Accepted<ChangeView>, Accepted<RunAccepted>, Refused>> SetAsync(
            PolicyScope scope, string? code, Request? request, bool previewOnly, CancellationToken ct)
        {
            var (of, refused) = await names.FindAsync(scope, code, ct).ConfigureAwait(false);
            if (refused is not null)
            {
                return refused;
            }

            var known = await desk.ConnectionsAsync(Tenant, ct).ConfigureAwait(false);
            if (Checked(request, known).Failed(out refused))
            {
                return refused;
            }

            ImmutableArray<ChannelRule>? wanted = request is null ? null : [.. (request.Channels ?? []).Select(ToRule)];
            var (effect, waiting, run, against) = await rules.RunAsync(
                new AllocationChange(scope, of, request?.Mode, wanted), $"{(request is null ? "withdraw " : "")}allocation policy of {Named(scope, code)}",
                previewOnly, ct).ConfigureAwait(false);
            if (run is not null)
            {
                return run;
            }

            if (effect is null)
            {
                return waiting is null ? against! : waiting;
            }

            var policy = await desk.FindAsync(Tenant, scope, of, ct).ConfigureAwait(false);
            rules.Tag(policy.Version);
            return TypedResults.Ok(new Answer(policy, effect.Writes, effect.ChangeId, effect.Trip));
        }

        private static string Named(PolicyScope scope, string? code) => scope switch
        {
            PolicyScope.Tenant => "the tenant",
            PolicyScope.Group => $"group {code}",
            PolicyScope.Sku => $"SKU {code}",
            _ => throw new ArgumentOutOfRangeException(nameof(scope), scope, "Unknown scope."),
        };

        private static Check Checked(Request? request, HashSet<ConnectionId> known)
        {
            var check = new Check();
            if (request is null)
            {
                return check;
            }

            var rules = request.Channels ?? [];
            check.That(request.Mode is not null || rules.Count > 0, "channels", "Name a mode, or at least one channel's rule.");
            for (var i = 0; i < rules.Count; i++)
            {
                check.That(rules[i] is { ConnectionId: not null }, $"channels[{i}].connectionId", "A connection is needed.");
            }

            if (check.Holds)
            {
                foreach (var fault in PolicyChecks.Of([.. rules.Select(ToRule)], known))
                {
                    check.That(false, fault.Field, fault.Message);
                }
            }

            return check;
        }

        private static ChannelRule ToRule(Rule rule) => new(new ConnectionId(rule.ConnectionId!.Value))
        {
            Reserve = rule.Reserve ?? 0,
            Minimum = rule.Minimum ?? 0,
            Cap = rule.Cap,
            Percent = rule.Percent,
            Weight = rule.Weight,
            Priority = rule.Priority,
        };
    }
}
