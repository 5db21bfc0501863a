using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Api.Operations;

/// <summary>Events given up on, newest first.</summary>
internal sealed class ListDeadLetters : IEndpoint
{
    /// <param name="Id">The event's number.</param>
    /// <param name="Error">Why it was given up on.</param>
    internal sealed record Letter(
        long Id, long? ConnectionId, string Topic, string WebhookId, string Content, DateTimeOffset ReceivedAt, int Attempts,
        string? Error);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/dead-letters", HandleAsync)
        .WithName("ListDeadLetters").WithTags("Operations").Needs(Permission.OperationsRead)
        .WithSummary("Lists events that could not be applied, optionally of one connection or topic, or received since a moment; discarded=true lists those that were let go.");

    private static async Task<Ok<Page<Letter>>> HandleAsync(
        Caller caller, NpgsqlDataSource source, [AsParameters] PageQuery page, long? connectionId, string? topic, Moment? since, bool? discarded,
        CancellationToken ct)
    {
        var filter = new DeadLetterFilter(connectionId is { } id ? new ConnectionId(id) : null, topic, since?.Value, discarded == true);
        await using var session = await StorageSession.OpenAsync(source, new TenantId(caller.Tenant), ct).ConfigureAwait(false);
        var letters = await DeadLetterStore.ListAsync(session, filter, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false);
        var items = letters.ConvertAll(letter => new Letter(
            letter.Key.EventId, letter.Connection?.Value, letter.Topic, letter.WebhookId, letter.Content, letter.ReceivedAt,
            letter.Attempts, letter.Error));
        return TypedResults.Ok(page.Of(items, item => item.Id));
    }
}

/// <summary>What a person decides about a dead letter: try it again (it means what it means today), or let it go.</summary>
internal sealed class SettleDeadLetter : IEndpoint
{
    internal const int LongestReason = 500;

    internal const string DiscardedByApi = "discarded through the API";

    /// <param name="Reason">Why it is not wanted.</param>
    internal sealed record DiscardRequest(string? Reason);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/dead-letters/{id:long}/replay", ReplayAsync)
            .WithName("ReplayDeadLetter").WithTags("Operations").Needs(Permission.OperationsRun)
            .WithSummary("Applies a dead letter again, as of today; also one that was discarded, as long as it is stored.");
        routes.MapPost("/dead-letters/{id:long}/discard", DiscardAsync)
            .WithName("DiscardDeadLetter").WithTags("Operations").Needs(Permission.OperationsRun)
            .WithSummary("Lets a dead letter go; it is stored with the reason until 30 days after it came, and can be replayed so long.");
    }

    private static async Task<Results<NoContent, Refused>> ReplayAsync(
        long id, Caller caller, NpgsqlDataSource source, DeadLetterStore letters, WakeUps wakeUps, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(caller.Tenant), ct).ConfigureAwait(false);
        if (!await letters.ReplayOneAsync(session, id, caller.Name, ct).ConfigureAwait(false))
        {
            return (Refused)Problem.NotFound("dead letter", id);
        }

        await session.CommitAsync(ct).ConfigureAwait(false);
        _ = wakeUps.PublishAsync(WakeUpKind.Inbox, caller.Tenant);
        return TypedResults.NoContent();
    }

    private static async Task<Results<NoContent, Refused>> DiscardAsync(
        long id, DiscardRequest? request, Caller caller, NpgsqlDataSource source, DeadLetterStore letters, CancellationToken ct)
    {
        if (new Check().Optional(request?.Reason, "reason", LongestReason).Failed(out var refused))
        {
            return refused;
        }

        await using var session = await StorageSession.OpenAsync(source, new TenantId(caller.Tenant), ct).ConfigureAwait(false);
        if (!await letters.DiscardOneAsync(session, id, request?.Reason ?? DiscardedByApi, caller.Name, ct).ConfigureAwait(false))
        {
            return (Refused)Problem.NotFound("dead letter", id);
        }

        await session.CommitAsync(ct).ConfigureAwait(false);
        return TypedResults.NoContent();
    }
}

/// <summary>
/// What a person decides about many dead letters at once, for example after a fault was mended: by connection, topic or
/// time. A dry run counts, and its <c>ETag</c> names the very events: to discard them it is sent as <c>If-Match</c>, so nothing is
/// let go that nobody has seen. One call settles at most <see cref="DeadLetterStore.MostAtOnce"/>, the oldest first, says how many
/// are left, and tags those.
/// </summary>
internal sealed class SettleDeadLetters : IEndpoint
{
    private const int LongestTopic = 200;

    /// <param name="ConnectionId">Only events of this connection.</param>
    /// <param name="Topic">Only events of this topic.</param>
    /// <param name="Since">Only events received then or later.</param>
    /// <param name="DryRun">Whether only to count.</param>
    /// <param name="Discarded">Those that were let go and are stored still, instead of those that wait.</param>
    internal sealed record ReplayRequest(long? ConnectionId, string? Topic, DateTimeOffset? Since, bool DryRun = false, bool Discarded = false);

    /// <inheritdoc cref="ReplayRequest"/>
    /// <param name="Reason">Why they are not wanted.</param>
    internal sealed record DiscardRequest(long? ConnectionId, string? Topic, DateTimeOffset? Since, string? Reason, bool DryRun = false);

    /// <param name="Matching">How many were meant.</param>
    /// <param name="Done">How many were settled by this call; 0 in a dry run.</param>
    /// <param name="Left">How many are still to be settled.</param>
    /// <param name="Topics">How many were meant of each topic, the most first.</param>
    internal sealed record Answer(bool DryRun, long Matching, int Done, long Left, IReadOnlyList<TopicLetters> Topics);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/dead-letters/replay", (ReplayRequest request, Work work, CancellationToken ct) => work.ReplayAsync(request, ct))
            .WithName("ReplayDeadLetters").WithTags("Operations").Needs(Permission.OperationsRun).HeedsIfMatch()
            .WithSummary("Applies many dead letters again, as of today, by connection, topic or time.");
        routes.MapPost("/dead-letters/discard", (DiscardRequest request, Work work, CancellationToken ct) => work.DiscardAsync(request, ct))
            .WithName("DiscardDeadLetters").WithTags("Operations").Needs(Permission.OperationsRun)
            .HeedsIfMatch("The ETag of a dry run: it names the events. Only a dry run may do without.", ProblemKind.PreconditionRequired)
            .WithSummary("Lets many dead letters go, by connection, topic or time, as a dry run has shown them; they can be replayed as long as they are stored.");
    }

    internal sealed class Work(Caller caller, NpgsqlDataSource source, DeadLetterStore letters, WakeUps wakeUps, IHttpContextAccessor http)
    {
        private HttpContext Context => http.HttpContext!;

        public async Task<Results<Ok<Answer>, Refused>> ReplayAsync(ReplayRequest request, CancellationToken ct)
        {
            var filter = FilterOf(request.ConnectionId, request.Topic, request.Since) with { Discarded = request.Discarded };
            if (CheckOf(filter).Failed(out var refused))
            {
                return refused;
            }

            var seen = SeenVersion.Find(Context.Request);
            var answer = await SettleAsync(
                filter, request.DryRun, session => letters.ReplayAsync(session, filter, seen, caller.Name, ct), ct).ConfigureAwait(false);
            if (answer.Result is Ok<Answer> { Value.Done: > 0 })
            {
                _ = wakeUps.PublishAsync(WakeUpKind.Inbox, caller.Tenant);
            }

            return answer;
        }

        public async Task<Results<Ok<Answer>, Refused>> DiscardAsync(DiscardRequest request, CancellationToken ct)
        {
            var filter = FilterOf(request.ConnectionId, request.Topic, request.Since);
            if (CheckOf(filter).Optional(request.Reason, "reason", SettleDeadLetter.LongestReason).Failed(out var refused))
            {
                return refused;
            }

            var seen = SeenVersion.Find(Context.Request);
            if (seen is null && !request.DryRun)
            {
                return (Refused)new Problem(
                    ProblemKind.PreconditionRequired, "Look at them first (dryRun), and send the ETag of that as If-Match: it names what you have seen.");
            }

            var reason = request.Reason ?? SettleDeadLetter.DiscardedByApi;
            return await SettleAsync(
                filter, request.DryRun, session => letters.DiscardAsync(session, filter, seen, reason, caller.Name, ct), ct).ConfigureAwait(false);
        }

        private async Task<Results<Ok<Answer>, Refused>> SettleAsync(
            DeadLetterFilter filter, bool dryRun, Func<StorageSession, Task<DeadLetterWork?>> settle, CancellationToken ct)
        {
            await using var session = await StorageSession.OpenAsync(source, new TenantId(caller.Tenant), ct).ConfigureAwait(false);
            if (dryRun)
            {
                var meant = await DeadLetterStore.LookAsync(session, filter, ct).ConfigureAwait(false);
                return Told(new Answer(true, meant.Matching, 0, meant.Matching, meant.Topics), meant);
            }

            if (await settle(session).ConfigureAwait(false) is not { } work)
            {
                return (Refused)new Problem(ProblemKind.PreconditionFailed, "Others are meant by now than you have seen: look again.");
            }

            await session.CommitAsync(ct).ConfigureAwait(false);
            return Told(new Answer(false, work.Meant.Matching, work.Done, work.Left.Matching, work.Meant.Topics), work.Left);
        }

        private Ok<Answer> Told(Answer answer, DeadLetterSight left)
        {
            Context.Response.Headers.ETag = SeenVersion.ETagOf(left.Version);
            return TypedResults.Ok(answer);
        }

        private static DeadLetterFilter FilterOf(long? connection, string? topic, DateTimeOffset? since) =>
            new(connection is { } id ? new ConnectionId(id) : null, topic, since);

        /// <summary>All of them at once are nobody's wish by leaving something out.</summary>
        private static Check CheckOf(DeadLetterFilter filter) => new Check()
            .That(!filter.IsEmpty, "connectionId", "Name a connection, a topic or a moment (since).")
            .Optional(filter.Topic, "topic", LongestTopic);
    }
}
