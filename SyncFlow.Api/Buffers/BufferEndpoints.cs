using System.Collections.Immutable;
using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Allocation;
using SyncFlow.Api.Http;
using SyncFlow.Api.Operations;
using SyncFlow.Api.Security;
using SyncFlow.Core;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Buffers;
using SyncFlow.Storage.Brakes;
using SyncFlow.Storage.Buffers;

namespace SyncFlow.Api.Buffers;

/// <summary>
/// Reads, sets and withdraws the tenant's buffers by tier. Each answer tells the writes that follow; with
/// <c>preview=true</c> it only tells them. A change that the breaker holds waits (202). With <c>If-Match</c> a change is refused where somebody else changed them since.
/// </summary>
internal sealed class BufferEndpoints : IEndpoint
{
    /// <param name="Tiers">Slowest first; thresholds ascend from 0.</param>
    internal sealed record Request(IReadOnlyList<Tier>? Tiers);

    /// <param name="Name">Unique, for example <c>fast</c> or <c>A</c>.</param>
    /// <param name="From">Units sold per day from which a SKU belongs to it; 0 for the first.</param>
    /// <param name="Units">Units per location.</param>
    /// <param name="Percent">Percent of what is available at a location.</param>
    /// <param name="Days">Days of cover at the pace of a location.</param>
    internal sealed record Tier(string? Name, decimal? From, int? Units, decimal? Percent, decimal? Days);

    /// <param name="Policy">As it stands.</param>
    /// <inheritdoc cref="RuleEffect"/>
    internal sealed record Answer(BufferPolicyView Policy, PolicyWrites Writes, long? ChangeId, string? Trip);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/policies/buffers", (Work work, CancellationToken ct) => work.GetAsync(ct))
            .WithName("GetBufferPolicy").WithTags("Allocation").Needs(Permission.PoliciesRead)
            .WithSummary("Reads the buffers by how fast SKUs sell.");
        routes.MapPut("/policies/buffers", (Request request, bool? preview, Work work, CancellationToken ct) => work.SetAsync(request, preview == true, ct))
            .WithName("SetBufferPolicy").WithTags("Allocation").Needs(Permission.PoliciesWrite).HeedsIfMatch()
            .WithSummary("Sets the buffers by how fast SKUs sell; preview=true only tells the writes.");
        routes.MapDelete("/policies/buffers", (bool? preview, Work work, CancellationToken ct) => work.SetAsync(null, preview == true, ct))
            .WithName("WithdrawBufferPolicy").WithTags("Allocation").Needs(Permission.PoliciesWrite).HeedsIfMatch()
            .WithSummary("Withdraws the buffers by how fast SKUs sell; preview=true only tells the writes.");
        routes.MapGet("/policies/buffers/versions", VersionsAsync)
            .WithName("ListBufferPolicyVersions").WithTags("Allocation").Needs(Permission.PoliciesRead)
            .WithSummary("Lists every version of the buffer policy, newest first.");
    }

    private static async Task<Ok<Page<BufferPolicyView>>> VersionsAsync(
        Caller caller, BufferDesk desk, [AsParameters] PageQuery page, CancellationToken ct) => TypedResults.Ok(page.Of(
            await desk.VersionsAsync(new TenantId(caller.Tenant), (int?)page.AfterId(), page.ReadCount, ct).ConfigureAwait(false), v => v.Version));

    internal sealed class Work(Caller caller, BufferDesk desk, RuleWork rules)
    {
        private TenantId Tenant => new(caller.Tenant);

        public async Task<Ok<BufferPolicyView>> GetAsync(CancellationToken ct)
        {
            var policy = await desk.FindAsync(Tenant, ct).ConfigureAwait(false);
            rules.Tag(policy.Version);
            return TypedResults.Ok(policy);
        }

        /// <param name="request">Null withdraws the policy.</param>
        public async Task<Results<Ok<Answer>, Accepted<ChangeView>, Accepted<RunAccepted>, Refused>> SetAsync(Request? request, bool previewOnly, CancellationToken ct)
        {
            ImmutableArray<BufferTier>? tiers = null;
            if (request is not null)
            {
                var (read, check) = Read(request);
                if (check.Failed(out var refused))
                {
                    return refused;
                }

                tiers = read;
            }

            var (effect, waiting, run, against) = await rules.RunAsync(
                new BufferChange(tiers), request is null ? "withdraw the buffers" : "buffers by how fast SKUs sell", previewOnly, ct).ConfigureAwait(false);
            if (run is not null)
            {
                return run;
            }

            if (effect is null)
            {
                return waiting is null ? against! : waiting;
            }

            var policy = await desk.FindAsync(Tenant, ct).ConfigureAwait(false);
            rules.Tag(policy.Version);
            return TypedResults.Ok(new Answer(policy, effect.Writes, effect.ChangeId, effect.Trip));
        }

        private static (ImmutableArray<BufferTier> Tiers, Check Check) Read(Request request)
        {
            var given = request.Tiers ?? [];
            ImmutableArray<BufferTier> tiers = [.. given.Select(t => new BufferTier(t?.Name?.Trim() ?? "", t?.From ?? 0)
            {
                Units = t?.Units,
                Percent = t?.Percent,
                Days = t?.Days,
            })];
            return (tiers, BufferChecks.Of(tiers));
        }
    }
}
