using System.Net;
using System.Net.Sockets;
using Npgsql;
using Npgsql.Replication;
using NpgsqlTypes;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Sources.Capture;

/// <summary>Log that a server keeps for a slot.</summary>
/// <param name="Bytes">From what is confirmed to the log's end.</param>
/// <param name="Status"><c>reserved</c>, <c>extended</c>, <c>unreserved</c> or <c>lost</c>, in PostgreSQL's words.</param>
/// <param name="Gap">Why changes of the table are in the log no more; null where they are.</param>
public sealed record SlotLag(long Bytes, string? Status, string? Gap);

/// <summary>Whether a source's log can be read, and from where.</summary>
/// <param name="From">Where it begins.</param>
/// <param name="SystemId">Names the cluster.</param>
/// <param name="Refused">Why it cannot be read now; null where it can.</param>
/// <param name="Lost">Why what was committed since we last read is gone; null where it is not.</param>
public sealed record SlotStanding(ulong From, string SystemId, string? Refused = null, string? Lost = null);

/// <summary>A source's server cannot be reached, refuses, or went away. The message is for people and holds no secret.</summary>
public sealed class SourceServerException(string message, Exception inner) : Exception(message, inner)
{
    /// <summary>What a failure of the driver means; null for a failure that is not the server's.</summary>
    internal static SourceServerException? Of(Exception failure) => failure switch
    {
        PostgresException refused => new($"the server refuses: {refused.MessageText}", refused),
        NpgsqlException or IOException or SocketException or TimeoutException => new($"the server cannot be reached: {failure.Message}", failure),
        _ => null,
    };
}

/// <summary>A source's database server: whether it can be read, its slot, and how much it keeps for us.</summary>
/// <param name="settings">What is read.</param>
/// <param name="password">In clear.</param>
/// <param name="address">The server's address, found good to call.</param>
public sealed class SourceServer(CaptureSettings settings, string password, IPAddress address)
{
    private readonly string _access = settings.ConnectionString(password, address);

    /// <summary>Looks whether everything is there, and makes the slot where it never was.</summary>
    /// <param name="known">How far it was read before.</param>
    /// <param name="systemId">The cluster it was read from before; null before the first time.</param>
    /// <exception cref="SourceServerException">It cannot be reached, or refuses.</exception>
    public Task<SlotStanding> PrepareAsync(CaptureMark known, string? systemId, CancellationToken ct) =>
        AskAsync(() => StandingAsync(known, systemId, ct));

    /// <summary>The table's columns, as they are now.</summary>
    /// <exception cref="SourceServerException">It cannot be reached.</exception>
    public Task<List<string>> ColumnsAsync(CancellationToken ct) => AskAsync(async () =>
    {
        await using var connection = await ConnectAsync(ct).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(
            "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum", connection);
        command.Parameters.AddWithValue(settings.Table);
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(reader, row => row.GetString(0), ct).ConfigureAwait(false);
    });

    /// <summary>The stream of changes from a place on.</summary>
    /// <exception cref="SourceServerException">It cannot be reached.</exception>
    public Task<ChangeStream> OpenAsync(ulong from, CancellationToken ct) => AskAsync(() => ChangeStream.OpenAsync(_access, settings, from, ct));

    /// <summary>How much log is kept for us, and whether the table is still in it; null where the slot is gone.</summary>
    /// <exception cref="SourceServerException">It cannot be reached.</exception>
    public Task<SlotLag?> LagAsync(CancellationToken ct) => AskAsync(async () =>
    {
        await using var connection = await ConnectAsync(ct).ConfigureAwait(false);
        return await SlotAsync(connection, ct).ConfigureAwait(false) is { } slot
            ? new SlotLag((long)(slot.End - Math.Min(slot.End, slot.Confirmed)), slot.Status, await WhyGapAsync(connection, ct).ConfigureAwait(false))
            : null;
    });

    /// <summary>Drops the slot where it is there, so that the server keeps nothing for us any more.</summary>
    /// <exception cref="SourceServerException">It cannot be reached, or somebody reads the slot.</exception>
    public Task DropSlotAsync(CancellationToken ct) => AskAsync(async () =>
    {
        await using var connection = await ConnectAsync(ct).ConfigureAwait(false);
        await using var command = new NpgsqlCommand("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1", connection);
        command.Parameters.AddWithValue(settings.Slot);
        return await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    });

    private static async Task<T> AskAsync<T>(Func<Task<T>> ask)
    {
        try
        {
            return await ask().ConfigureAwait(false);
        }
        catch (Exception failure) when (SourceServerException.Of(failure) is { } away)
        {
            throw away;
        }
    }

    private async Task<NpgsqlConnection> ConnectAsync(CancellationToken ct)
    {
        var connection = new NpgsqlConnection(_access);
        try
        {
            await connection.OpenAsync(ct).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task<SlotStanding> StandingAsync(CaptureMark known, string? systemId, CancellationToken ct)
    {
        await using var connection = await ConnectAsync(ct).ConfigureAwait(false);
        if (await WhyRefusedAsync(connection, ct).ConfigureAwait(false) is { } why)
        {
            return Refused(why); // First of all: where the log says too little, a server may take no reader of it at all.
        }

        await using var replication = new LogicalReplicationConnection(_access);
        string cluster;
        try
        {
            await replication.Open(ct).ConfigureAwait(false);
            cluster = (await replication.IdentifySystem(ct).ConfigureAwait(false)).SystemId;
        }
        catch (PostgresException refused) when (refused.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return Refused($"{settings.Username} may not read the log: ALTER ROLE {settings.Username} REPLICATION");
        }

        var gap = await WhyGapAsync(connection, ct).ConfigureAwait(false);
        var slot = await SlotAsync(connection, ct).ConfigureAwait(false);
        if (known.Confirmed is { } confirmed)
        {
            return slot is not null && WhyNotOurs(slot) is { } other ? Refused(other)
                : new SlotStanding(confirmed, cluster, Lost: WhyLost(slot, confirmed, cluster, systemId) ?? gap);
        }

        if (gap is not null)
        {
            return Refused(gap);
        }

        if (slot is { Status: "lost" })
        {
            await replication.DropReplicationSlot(settings.Slot, wait: false, ct).ConfigureAwait(false);
            slot = null;
        }

        return slot is null ? new SlotStanding(await CreateAsync(replication, ct).ConfigureAwait(false), cluster)
            : WhyNotOurs(slot) is { } strange ? Refused(strange)
            : new SlotStanding(slot.Confirmed, cluster);
    }

    private static SlotStanding Refused(string why) => new(0, "", Refused: why);

    private async Task<string?> WhyRefusedAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        const string sql =
            """
            SELECT current_setting('wal_level'), pg_is_in_recovery(),
              EXISTS (SELECT FROM pg_publication WHERE pubname = $1),
              (SELECT pubinsert AND pubupdate AND pubdelete FROM pg_publication WHERE pubname = $1)
            """;
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.AddWithValue(settings.Publication);
        await using var row = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        await row.ReadAsync(ct).ConfigureAwait(false);
        return row.GetString(0) != "logical" ? $"the server's wal_level is {row.GetString(0)}; it must be logical (ALTER SYSTEM SET wal_level = logical, then a restart)"
            : row.GetBoolean(1) ? "the server is a standby; the primary must be named"
            : !row.GetBoolean(2) ? $"there is no publication {settings.Publication}: CREATE PUBLICATION {settings.Publication} FOR TABLE {settings.Table}"
            : !row.GetBoolean(3) ? $"the publication {settings.Publication} must publish insert, update and delete"
            : null;
    }

    /// <summary>Changes of a table that its publication has no more never come, also not once it has it again.</summary>
    private async Task<string?> WhyGapAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            "SELECT EXISTS (SELECT FROM pg_publication_tables WHERE pubname = $1 AND schemaname || '.' || tablename = $2)", connection);
        command.Parameters.AddWithValue(settings.Publication);
        command.Parameters.AddWithValue(settings.Table);
        return (bool)(await command.ExecuteScalarAsync(ct).ConfigureAwait(false))! ? null
            : $"the publication {settings.Publication} has no table {settings.Table}: ALTER PUBLICATION {settings.Publication} ADD TABLE {settings.Table}";
    }

    private string? WhyNotOurs(Slot slot) => slot.Plugin != "pgoutput" ? $"the slot {settings.Slot} is another program's (plugin {slot.Plugin})"
        : slot.Database != settings.Database ? $"the slot {settings.Slot} is of the database {slot.Database}"
        : slot.ReadBy is { } process ? $"the slot {settings.Slot} is being read by process {process}"
        : null;

    private string? WhyLost(Slot? slot, ulong confirmed, string cluster, string? systemId) =>
        systemId is not null && systemId != cluster ? "another database cluster answers than the one that was read before"
        : slot is null ? $"the slot {settings.Slot} is gone; what was committed after {Written(confirmed)} is unknown"
        : slot.Status == "lost" ? $"the server gave up the log that the slot {settings.Slot} needs; what was committed after {Written(confirmed)} is unknown"
        : slot.Confirmed > confirmed ? $"the slot {settings.Slot} was made anew or read by another program up to {Written(slot.Confirmed)}; we had read to {Written(confirmed)}"
        : slot.End < confirmed ? $"the database was put back to an earlier state: its log ends at {Written(slot.End)}, and we had read to {Written(confirmed)}"
        : null;

    private async Task<ulong> CreateAsync(LogicalReplicationConnection replication, CancellationToken ct)
    {
        var made = await replication.CreatePgOutputReplicationSlot(
            settings.Slot, slotSnapshotInitMode: LogicalSlotSnapshotInitMode.NoExport, cancellationToken: ct).ConfigureAwait(false);
        return (ulong)made.ConsistentPoint;
    }

    private async Task<Slot?> SlotAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        const string sql =
            """
            SELECT coalesce(plugin, 'physical'), coalesce(database, ''), active_pid, coalesce(confirmed_flush_lsn, restart_lsn, '0/0'), wal_status,
              pg_current_wal_flush_lsn()
            FROM pg_replication_slots WHERE slot_name = $1
            """;
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.AddWithValue(settings.Slot);
        await using var row = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await row.ReadAsync(ct).ConfigureAwait(false)
            ? new Slot(
                row.GetString(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetInt32(2), (ulong)row.GetFieldValue<NpgsqlLogSequenceNumber>(3),
                row.IsDBNull(4) ? null : row.GetString(4), (ulong)row.GetFieldValue<NpgsqlLogSequenceNumber>(5))
            : null;
    }

    private static string Written(ulong lsn) => new NpgsqlLogSequenceNumber(lsn).ToString();

    private sealed record Slot(string Plugin, string Database, int? ReadBy, ulong Confirmed, string? Status, ulong End);
}
