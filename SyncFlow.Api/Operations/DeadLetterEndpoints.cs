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
        .WithSummary("Lists events that could not be applied.");

    private static async Task<Ok<Page<Letter>>> HandleAsync(
        Caller caller, NpgsqlDataSource source, [AsParameters] PageQuery page, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(caller.Tenant), ct).ConfigureAwait(false);
        var letters = await DeadLetterStore.ListAsync(session, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false);
        var items = letters.ConvertAll(letter => new Letter(
            letter.Key.EventId, letter.Connection?.Value, letter.Topic, letter.WebhookId, letter.Content, letter.ReceivedAt,
            letter.Attempts, letter.Error));
        return TypedResults.Ok(page.Of(items, item => item.Id));
    }
}

/// <summary>What a person decides about a dead letter: try it again (it means what it means today), or let it go.</summary>
internal sealed class SettleDeadLetter : IEndpoint
{
    private const string DiscardedByApi = "discarded through the API";

    /// <param name="Reason">Why it is not wanted.</param>
    internal sealed record DiscardRequest(string? Reason);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/dead-letters/{id:long}/replay", ReplayAsync)
            .WithName("ReplayDeadLetter").WithTags("Operations").Needs(Permission.OperationsRun)
            .WithSummary("Applies a dead letter again, as of today.");
        routes.MapPost("/dead-letters/{id:long}/discard", DiscardAsync)
            .WithName("DiscardDeadLetter").WithTags("Operations").Needs(Permission.OperationsRun)
            .WithSummary("Lets a dead letter go; it stays stored with the reason.");
    }

    private static async Task<Results<NoContent, Refused>> ReplayAsync(
        long id, Caller caller, NpgsqlDataSource source, DeadLetterStore letters, WakeUps wakeUps, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(caller.Tenant), ct).ConfigureAwait(false);
        if (await letters.ReplayAsync(session, [id], ct).ConfigureAwait(false) == 0)
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
        await using var session = await StorageSession.OpenAsync(source, new TenantId(caller.Tenant), ct).ConfigureAwait(false);
        if (await letters.DiscardAsync(session, [id], request?.Reason ?? DiscardedByApi, ct).ConfigureAwait(false) == 0)
        {
            return (Refused)Problem.NotFound("dead letter", id);
        }

        await session.CommitAsync(ct).ConfigureAwait(false);
        return TypedResults.NoContent();
    }
}
