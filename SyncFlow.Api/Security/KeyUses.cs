using System.Collections.Concurrent;
using Npgsql;
using SyncFlow.Storage.Identity;

namespace SyncFlow.Api.Security;

/// <summary>Remembers when keys were last used and notes it now and then: no request writes for it.</summary>
internal sealed partial class KeyUses(CallerStore store, TimeProvider time, ILogger<KeyUses> log) : BackgroundService
{
    /// <summary>How late a use may be noted. What was not noted when the process dies is lost.</summary>
    public static readonly TimeSpan NoteEvery = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<(long Tenant, long Key), DateTimeOffset> uses = new();

    /// <summary>Remembers a use.</summary>
    public void Used(CallerRecord caller)
    {
        if (caller.Kind is CallerKind.Key or CallerKind.Partner)
        {
            uses[(caller.TenantId, caller.Id)] = time.GetUtcNow();
        }
    }

    /// <summary>Notes what is remembered.</summary>
    public async Task NoteAsync(CancellationToken ct)
    {
        var noted = uses.Select(use => new KeyUse(use.Key.Tenant, use.Key.Key, use.Value)).ToList();
        if (noted.Count == 0)
        {
            return;
        }

        await store.NoteUsesAsync(noted, ct).ConfigureAwait(false);
        foreach (var use in noted)
        {
            // A use since then stays: it is newer than what was noted.
            uses.TryRemove(KeyValuePair.Create((use.TenantId, use.ApiKeyId), use.At));
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
        await TryNoteAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(NoteEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                await TryNoteAsync(stoppingToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops; StopAsync notes what is left.
        }
    }

    private async Task TryNoteAsync(CancellationToken ct)
    {
        try
        {
            await NoteAsync(ct).ConfigureAwait(false);
        }
        catch (NpgsqlException failed)
        {
            NotNoted(log, failed.Message); // Kept, and noted next time.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Uses of API keys could not be noted: {Reason}")]
    private static partial void NotNoted(ILogger log, string reason);
}
