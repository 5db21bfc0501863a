using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Allocation;

namespace SyncFlow.Api.Allocation;

/// <summary>
/// Reads, sets and withdraws the allocation policy of the tenant, a group or a SKU. Each answer tells the writes that
/// follow; with <c>preview=true</c> it only tells them. With <c>If-Match</c> a change is refused where somebody else
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
    /// <param name="Writes">What follows from the change.</param>
    internal sealed record Answer(PolicyView Policy, PolicyWrites Writes);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/policies/allocation/tenant", (Work work, CancellationToken ct) => work.GetAsync(PolicyScope.Tenant, null, ct))
            .WithName("GetTenantPolicy").WithTags("Allocation").Needs(Permission.PoliciesRead)
            .WithSummary("Reads the policy of all SKUs without a narrower one.");
        routes.MapPut("/policies/allocation/tenant", (Request request, bool? preview, Work work, CancellationToken ct) =>
                work.SetAsync(PolicyScope.Tenant, null, request, preview == true, ct))
            .WithName("SetTenantPolicy").WithTags("Allocation").Needs(Permission.PoliciesWrite)
            .WithSummary("Sets the policy of all SKUs without a narrower one; preview=true only tells the writes.");
        routes.MapDelete("/policies/allocation/tenant", (bool? preview, Work work, CancellationToken ct) =>
                work.SetAsync(PolicyScope.Tenant, null, null, preview == true, ct))
            .WithName("WithdrawTenantPolicy").WithTags("Allocation").Needs(Permission.PoliciesWrite)
            .WithSummary("Withdraws the tenant's policy; preview=true only tells the writes.");
        routes.MapGet("/policies/allocation/groups/{group}", (string group, Work work, CancellationToken ct) => work.GetAsync(PolicyScope.Group, group, ct))
            .WithName("GetGroupPolicy").WithTags("Allocation").Needs(Permission.PoliciesRead)
            .WithSummary("Reads the policy of a group of SKUs.");
        routes.MapPut("/policies/allocation/groups/{group}", (string group, Request request, bool? preview, Work work, CancellationToken ct) =>
                work.SetAsync(PolicyScope.Group, group, request, preview == true, ct))
            .WithName("SetGroupPolicy").WithTags("Allocation").Needs(Permission.PoliciesWrite)
            .WithSummary("Sets the policy of a group of SKUs; preview=true only tells the writes.");
        routes.MapDelete("/policies/allocation/groups/{group}", (string group, bool? preview, Work work, CancellationToken ct) =>
                work.SetAsync(PolicyScope.Group, group, null, preview == true, ct))
            .WithName("WithdrawGroupPolicy").WithTags("Allocation").Needs(Permission.PoliciesWrite)
            .WithSummary("Withdraws a group's policy; preview=true only tells the writes.");
        routes.MapGet("/policies/allocation/skus/{sku}", (string sku, Work work, CancellationToken ct) => work.GetAsync(PolicyScope.Sku, sku, ct))
            .WithName("GetSkuPolicy").WithTags("Allocation").Needs(Permission.PoliciesRead)
            .WithSummary("Reads the policy of one SKU.");
        routes.MapPut("/policies/allocation/skus/{sku}", (string sku, Request request, bool? preview, Work work, CancellationToken ct) =>
                work.SetAsync(PolicyScope.Sku, sku, request, preview == true, ct))
            .WithName("SetSkuPolicy").WithTags("Allocation").Needs(Permission.PoliciesWrite)
            .WithSummary("Sets the policy of one SKU; preview=true only tells the writes.");
        routes.MapDelete("/policies/allocation/skus/{sku}", (string sku, bool? preview, Work work, CancellationToken ct) =>
                work.SetAsync(PolicyScope.Sku, sku, null, preview == true, ct))
            .WithName("WithdrawSkuPolicy").WithTags("Allocation").Needs(Permission.PoliciesWrite)
            .WithSummary("Withdraws a SKU's policy; preview=true only tells the writes.");
    }

    internal sealed class Work(
        Caller caller, ScopeNames names, PolicyDesk desk, PolicyPreview preview, WakeUps wakeUps, IHttpContextAccessor http)
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
            Tag(policy);
            return TypedResults.Ok(policy);
        }

        /// <param name="request">Null withdraws the policy.</param>
        public async Task<Results<Ok<Answer>, Refused>> SetAsync(
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

            var before = await desk.FindAsync(Tenant, scope, of, ct).ConfigureAwait(false);
            var wanted = http.HttpContext!.Request.Headers.IfMatch.ToString();
            if (wanted.Length > 0 && wanted != "*" && wanted != ETagOf(before))
            {
                return Changed();
            }

            int? expected = wanted.Length > 0 && wanted != "*" ? before.Version : null;
            ImmutableArray<ChannelRule>? rules = request is null ? null : [.. (request.Channels ?? []).Select(ToRule)];
            var wish = new PolicyWish(scope, of, request?.Mode, rules, expected);
            var writes = await PolicyWrites.OfAsync(Tenant, await preview.WritesAsync(Tenant, wish, ct).ConfigureAwait(false), preview, ct)
                .ConfigureAwait(false);
            var policy = previewOnly ? before : await desk.SetAsync(Tenant, wish, caller.Name, ct).ConfigureAwait(false);
            if (policy is null)
            {
                return Changed();
            }

            if (!previewOnly)
            {
                _ = wakeUps.PublishAsync(WakeUpKind.Runs, caller.Tenant);
            }

            Tag(policy);
            return TypedResults.Ok(new Answer(policy, writes));
        }

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

        private void Tag(PolicyView policy) => http.HttpContext!.Response.Headers.ETag = ETagOf(policy);

        private static Refused Changed() => new Problem(ProblemKind.PreconditionFailed, "Somebody changed the policy meanwhile: read it again.");

        private static string ETagOf(PolicyView policy) => string.Create(CultureInfo.InvariantCulture, $"\"v{policy.Version}\"");
    }
}
