using Npgsql;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Stock;

/// <summary>
/// Writes a batch of facts in stages, each as soon as it is known, so that the database works while the rules do: what
/// becomes of the inbox events while they are folded, entries and orders while their SKUs are replanned. The session is its
/// own from the first stage until it is disposed; nothing lasts before the session commits.
/// </summary>
/// <param name="session">Holds the locks on all that is written.</param>
/// <param name="at">The moment of the decision.</param>
public sealed class StagedSave(StorageSession session, DateTimeOffset at, CancellationToken ct) : IAsyncDisposable
{
    /// <summary>Events from which on a round trip more costs less than the wait it saves.</summary>
    public const int WorthAStage = 50;

    private readonly DateTimeOffset now = DatabaseTime.Of(at);
    private IReadOnlyList<InboxMark> expected = [];
    private Task sent = Task.CompletedTask;

    /// <summary>Begins to write what will most likely become of the events; what turns out otherwise is set right by the next stage.</summary>
    public void Expect(IReadOnlyList<InboxMark> marks)
    {
        ArgumentNullException.ThrowIfNull(marks);
        if (marks.Count >= WorthAStage)
        {
            expected = marks;
            Send(InboxStore.Marks(session, marks, now));
        }
    }

    /// <summary>Begins to write entries, orders, and what became of the events: all facts are folded.</summary>
    /// <param name="marks">Of the same events as were expected, in the same order.</param>
    public void SaveFacts(WorkingSet set, IReadOnlyList<InboxMark> marks)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(marks);
        var unexpected = marks.Where((mark, i) => i >= expected.Count || mark != expected[i]).ToList();
        Send([.. FactWriter.Statements(session, set, now), .. InboxStore.Marks(session, unexpected, now)]);
        session.FactsWritten = (set, set.Entries.Count);
    }

    /// <summary>Writes the rest of the set, and returns when all stages are written.</summary>
    /// <param name="cause">Why levels changed, in a few words; stands in their history.</param>
    /// <exception cref="InvalidOperationException">A level, position or SKU that was to be written was not there.</exception>
    public async Task SaveAsync(WorkingSet set, string cause)
    {
        ArgumentNullException.ThrowIfNull(set);
        var rest = StockWriter.Plan(session, set, cause, now, []);
        await sent.ConfigureAwait(false);
        await rest.RunAsync(session, ct).ConfigureAwait(false);
    }

    /// <summary>Waits until the session is free. What failed on the way is thrown by <see cref="SaveAsync"/>, or matters no more.</summary>
    public async ValueTask DisposeAsync() => await sent.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private void Send(IEnumerable<NpgsqlBatchCommand> statements)
    {
        NpgsqlBatchCommand[] stage = [.. statements];
        if (stage.Length > 0)
        {
            sent = AfterAsync(sent, stage);
        }
    }

    private async Task AfterAsync(Task before, NpgsqlBatchCommand[] stage)
    {
        await before.ConfigureAwait(false);
        await using var batch = session.Batch(stage);
        await batch.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }
}
