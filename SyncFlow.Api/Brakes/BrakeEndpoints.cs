using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core.Brakes;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Brakes;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Brakes;

/// <summary>The freeze switches that are on.</summary>
internal sealed class ListBrakes : IEndpoint
{
    internal sealed record Answer(IReadOnlyList<BrakeView> Items);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/brakes", async (Caller caller, BrakeDesk desk, CancellationToken ct) =>
            TypedResults.Ok(new Answer(await desk.ListAsync(caller.Tenant, ct).ConfigureAwait(false))))
        .WithName("ListBrakes").WithTags("Brakes").Needs(Permission.BrakesRead)
        .WithSummary("Lists the freeze switches that are on: the tenant's and those of connections.");
}

/// <summary>
/// Reads and sets a freeze switch, of the tenant or of one connection. Setting it as it stands changes nothing;
/// loosening it answers with the writes that follow, and with <c>preview=true</c> only with those.
/// </summary>
internal sealed class SetBrake : IEndpoint
{
    private const int LongestWhy = 500;

    /// <param name="Strength"><c>none</c> lifts, <c>increases</c> lets decreases flow, <c>allWrites</c> stops everything.</param>
    /// <param name="Why">For whoever finds the switch on later; needed unless it is lifted.</param>
    internal sealed record Request(BrakeStrength? Strength, string? Why);

    /// <param name="Brake">The switch as it stands.</param>
    /// <param name="Writes">What loosening it writes; null where nothing is loosened.</param>
    internal sealed record Answer(BrakeView Brake, WriteSummary? Writes);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/brakes/tenant", (Work work, CancellationToken ct) => work.GetAsync(null, ct))
            .WithName("GetTenantBrake").WithTags("Brakes").Needs(Permission.BrakesRead)
            .WithSummary("Reads the freeze switch of all connections.");
        routes.MapGet("/brakes/connections/{id:long}", (long id, Work work, CancellationToken ct) => work.GetAsync(id, ct))
            .WithName("GetConnectionBrake").WithTags("Brakes").Needs(Permission.BrakesRead)
            .WithSummary("Reads the freeze switch of a connection.");
        routes.MapPut("/brakes/tenant", (Request request, bool? preview, Work work, CancellationToken ct) =>
                work.SetAsync(null, request, preview == true, ct))
            .WithName("SetTenantBrake").WithTags("Brakes").Needs(Permission.BrakesSet).HeedsIfMatch()
            .WithSummary("Freezes all connections, or lifts that; preview=true only tells the writes.");
        routes.MapPut("/brakes/connections/{id:long}", (long id, Request request, bool? preview, Work work, CancellationToken ct) =>
                work.SetAsync(id, request, preview == true, ct))
            .WithName("SetConnectionBrake").WithTags("Brakes").Needs(Permission.BrakesSet).HeedsIfMatch()
            .WithSummary("Freezes a connection, or lifts that; preview=true only tells the writes.");
    }

    internal sealed class Work(Caller caller, BrakeDesk desk, ConnectionDesk connections, WakeUps wakeUps, IHttpContextAccessor http)
    {
        public async Task<Results<Ok<BrakeView>, Refused>> GetAsync(long? connection, CancellationToken ct)
        {
            if (await UnknownAsync(connection, ct).ConfigureAwait(false) is { } unknown)
            {
                return unknown;
            }

            var brake = await desk.FindAsync(caller.Tenant, connection, ct).ConfigureAwait(false);
            http.HttpContext!.Response.Headers.ETag = ETagOf(brake);
            return TypedResults.Ok(brake);
        }

        public async Task<Results<Ok<Answer>, Refused>> SetAsync(long? connection, Request request, bool previewOnly, CancellationToken ct)
        {
            var check = new Check()
                .That(request.Strength is not null, "strength", "One of: none, increases, allWrites.")
                .That(
                    request.Strength == BrakeStrength.None || !string.IsNullOrWhiteSpace(request.Why), "why",
                    "A text is needed: whoever finds the switch on asks why.")
                .That(request.Why is null || request.Why.Length <= LongestWhy, "why", $"At most {LongestWhy} characters.");
            if (check.Failed(out var refused))
            {
                return refused;
            }

            if (await UnknownAsync(connection, ct).ConfigureAwait(false) is { } unknown)
            {
                return unknown;
            }

            return await SetAsync(connection, request.Strength!.Value, request.Why?.Trim() ?? "", previewOnly, ct).ConfigureAwait(false);
        }

        private async Task<Results<Ok<Answer>, Refused>> SetAsync(
            long? connection, BrakeStrength strength, string why, bool previewOnly, CancellationToken ct)
        {
            var context = http.HttpContext!;
            var before = await desk.FindAsync(caller.Tenant, connection, ct).ConfigureAwait(false);
            var wanted = context.Request.Headers.IfMatch.ToString();
            if (wanted.Length > 0 && wanted != "*" && wanted != ETagOf(before))
            {
                return Changed();
            }

            // Tightening must never wait for a count; loosening is shown before it is done.
            var writes = strength < before.Strength || previewOnly
                ? WriteSummary.Of(await desk.PreviewAsync(caller.Tenant, connection, strength, ct).ConfigureAwait(false))
                : null;
            if (previewOnly)
            {
                context.Response.Headers.ETag = ETagOf(before);
                return TypedResults.Ok(new Answer(before, writes));
            }

            long? expected = wanted.Length > 0 && wanted != "*" ? before.Version : null;
            var change = await desk.SetAsync(caller.Tenant, connection, strength, why, caller.Name, expected, ct).ConfigureAwait(false);
            if (!change.Done)
            {
                return Changed();
            }

            _ = wakeUps.PublishAsync(WakeUpKind.Runs, caller.Tenant);
            context.Response.Headers.ETag = ETagOf(change.Brake);
            return TypedResults.Ok(new Answer(change.Brake, writes));
        }

        private async Task<Refused?> UnknownAsync(long? connection, CancellationToken ct) =>
            connection is { } id && await connections.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is null
                ? (Refused)Problem.NotFound("connection", id)
                : null;

        private static Refused Changed() => new Problem(ProblemKind.PreconditionFailed, "Somebody changed the switch meanwhile: read it again.");

        private static string ETagOf(BrakeView brake) =>
            string.Create(CultureInfo.InvariantCulture, $"\"{brake.ConnectionId ?? 0}-{brake.Version}\"");
    }
}
