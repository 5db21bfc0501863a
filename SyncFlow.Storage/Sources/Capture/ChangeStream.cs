using System.Threading.Channels;
using Npgsql.Replication;
using Npgsql.Replication.PgOutput;
using Npgsql.Replication.PgOutput.Messages;
using NpgsqlTypes;
using SyncFlow.Core.Sources;

namespace SyncFlow.Storage.Sources.Capture;

/// <summary>What comes out of a source's log.</summary>
public abstract record LogPart
{
    /// <summary>The table's columns, as they are from here on.</summary>
    public sealed record Shape(IReadOnlyList<string> Columns) : LogPart;

    /// <summary>A change of a row.</summary>
    public sealed record Change(CapturedChange Row) : LogPart;

    /// <summary>The table was emptied at once.</summary>
    public sealed record Emptied(ulong Commit, int Number, DateTimeOffset At) : LogPart;

    /// <summary>A transaction ended.</summary>
    /// <param name="Through">When all before is stored, the log is confirmed up to here.</param>
    public sealed record End(ulong Through) : LogPart;

    /// <summary>Nothing comes; all up to here was told.</summary>
    public sealed record Idle(ulong Through) : LogPart;
}

/// <summary>
/// Changes of one table as a server decodes them from its log, in the order in which their transactions were committed.
/// Only so much is read ahead as is asked for: a slow reader makes the server wait, and not this process grow.
/// </summary>
public sealed class ChangeStream : IAsyncDisposable
{
    private const int ReadAhead = 4_000;

    private static readonly TimeSpan StatusEvery = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan IdleAfter = TimeSpan.FromSeconds(2);

    private readonly LogicalReplicationConnection _connection;
    private readonly CaptureSettings _settings;
    private readonly Channel<LogPart> _parts = Channel.CreateBounded<LogPart>(new BoundedChannelOptions(ReadAhead) { SingleReader = true, SingleWriter = true });
    private readonly CancellationTokenSource _stop = new();
    private Task _pump = Task.CompletedTask;
    private ulong _commit;
    private DateTimeOffset _committedAt;
    private int _number;
    private bool _inside;

    private ChangeStream(LogicalReplicationConnection connection, CaptureSettings settings) => (_connection, _settings) = (connection, settings);

    /// <summary>What was read; completed with the failure that ended it.</summary>
    public ChannelReader<LogPart> Parts => _parts.Reader;

    /// <summary>Tells the server that everything up to here is stored; it is told within a second.</summary>
    public void Confirm(ulong through) => _connection.SetReplicationStatus(new NpgsqlLogSequenceNumber(through));

    /// <summary>Ends the reading; the slot stays.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _pump.ConfigureAwait(false);
        await _connection.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
    }

    internal static async Task<ChangeStream> OpenAsync(string access, CaptureSettings settings, ulong from, CancellationToken ct)
    {
        var connection = new LogicalReplicationConnection(access) { WalReceiverStatusInterval = StatusEvery };
        try
        {
            await connection.Open(ct).ConfigureAwait(false);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        var stream = new ChangeStream(connection, settings);
        stream._pump = stream.PumpAsync(new NpgsqlLogSequenceNumber(from));
        return stream;
    }

    private async Task PumpAsync(NpgsqlLogSequenceNumber from)
    {
        try
        {
            var options = new PgOutputReplicationOptions(_settings.Publication, PgOutputProtocolVersion.V1);
            await using var messages = _connection.StartReplication(new PgOutputReplicationSlot(_settings.Slot), options, _stop.Token, from)
                .GetAsyncEnumerator(_stop.Token);
            while (await NextAsync(messages).ConfigureAwait(false))
            {
                await ReadAsync(messages.Current).ConfigureAwait(false);
            }

            _parts.Writer.Complete();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            _parts.Writer.Complete();
        }
        catch (Exception failure) // The pump's boundary: whoever reads the parts meets it.
        {
            _parts.Writer.Complete(SourceServerException.Of(failure) ?? failure);
        }
    }

    /// <summary>
    /// Waits for the next message. While none comes and no transaction is open, all that the server says it sent was told,
    /// so the log up to there can be confirmed; else it would keep what other tables write for ever.
    /// </summary>
    private async Task<bool> NextAsync(IAsyncEnumerator<PgOutputReplicationMessage> messages)
    {
        var next = messages.MoveNextAsync().AsTask();
        while (!next.IsCompleted && await Task.WhenAny(next, Task.Delay(IdleAfter, _stop.Token)).ConfigureAwait(false) != next)
        {
            var received = (ulong)_connection.LastReceivedLsn;
            if (!_inside && !next.IsCompleted && !_stop.IsCancellationRequested)
            {
                await _parts.Writer.WriteAsync(new LogPart.Idle(received), _stop.Token).ConfigureAwait(false);
            }
        }

        return await next.ConfigureAwait(false);
    }

    private async Task ReadAsync(PgOutputReplicationMessage message)
    {
        var part = message switch
        {
            BeginMessage begin => Begin(begin),
            RelationMessage relation when Ours(relation) => new LogPart.Shape([.. relation.Columns.Select(c => c.ColumnName)]),
            InsertMessage insert when Ours(insert.Relation) => Change(RowChange.Added, await RowAsync(insert.NewRow).ConfigureAwait(false), null),
            FullUpdateMessage update when Ours(update.Relation) =>
                await UpdateAsync(update.OldRow, () => update.NewRow).ConfigureAwait(false),
            IndexUpdateMessage update when Ours(update.Relation) =>
                await UpdateAsync(update.Key, () => update.NewRow).ConfigureAwait(false),
            UpdateMessage update when Ours(update.Relation) => Change(RowChange.Changed, await RowAsync(update.NewRow).ConfigureAwait(false), null),
            FullDeleteMessage delete when Ours(delete.Relation) => Change(RowChange.Deleted, await RowAsync(delete.OldRow).ConfigureAwait(false), null),
            KeyDeleteMessage delete when Ours(delete.Relation) => Change(RowChange.Deleted, await RowAsync(delete.Key).ConfigureAwait(false), null),
            TruncateMessage truncate when truncate.Relations.Any(Ours) => new LogPart.Emptied(_commit, ++_number, _committedAt),
            CommitMessage commit => End(commit),
            _ => null,
        };
        if (part is not null)
        {
            await _parts.Writer.WriteAsync(part, _stop.Token).ConfigureAwait(false);
        }
    }

    private LogPart? Begin(BeginMessage begin)
    {
        (_commit, _number, _inside) = ((ulong)begin.TransactionFinalLsn, 0, true);
        _committedAt = new DateTimeOffset(DateTime.SpecifyKind(begin.TransactionCommitTimestamp, DateTimeKind.Utc));
        return null;
    }

    private LogPart.End End(CommitMessage commit)
    {
        _inside = false;
        return new LogPart.End((ulong)commit.TransactionEndLsn);
    }

    private async Task<LogPart> UpdateAsync(ReplicationTuple before, Func<ReplicationTuple> after)
    {
        var old = await RowAsync(before).ConfigureAwait(false); // It comes first in the message, and is read once.
        return Change(RowChange.Changed, await RowAsync(after()).ConfigureAwait(false), old);
    }

    private LogPart.Change Change(RowChange kind, IReadOnlyDictionary<string, string?> row, IReadOnlyDictionary<string, string?>? before) =>
        new(new CapturedChange(_commit, ++_number, _committedAt, kind, row, before));

    private bool Ours(RelationMessage relation) => $"{relation.Namespace}.{relation.RelationName}" == _settings.Table;

    /// <summary>Values as texts. One that was stored apart and did not change is not in the log; it is left out.</summary>
    private async Task<IReadOnlyDictionary<string, string?>> RowAsync(ReplicationTuple tuple)
    {
        var row = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        await foreach (var value in tuple.WithCancellation(_stop.Token).ConfigureAwait(false))
        {
            if (!value.IsUnchangedToastedValue)
            {
                row[value.GetFieldName()] = value.IsDBNull ? null : await value.Get<string>(_stop.Token).ConfigureAwait(false);
            }
        }

        return row;
    }
}
