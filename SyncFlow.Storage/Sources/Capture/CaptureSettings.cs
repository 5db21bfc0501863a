using System.Net;
using Npgsql;

namespace SyncFlow.Storage.Sources.Capture;

/// <summary>How a connection to a source's database is protected. The numbers are stored; they never change meaning.</summary>
public enum CaptureTls : short
{
    /// <summary>Encrypted, and the server's certificate must be its host's.</summary>
    VerifyFull = 1,

    /// <summary>Encrypted; whoever answers is believed.</summary>
    Require = 2,

    /// <summary>Plain.</summary>
    Disable = 3,
}

/// <summary>Where a capture stands. The numbers are stored; they never change meaning.</summary>
public enum CaptureState : short
{
    /// <summary>It is connecting, or tries to.</summary>
    Starting = 1,

    /// <summary>Changes are read as they are committed.</summary>
    Streaming = 2,

    /// <summary>What is read does not fit the mapping any more: a person has to look, and nothing is lost meanwhile.</summary>
    Paused = 3,

    /// <summary>The slot is gone: changes are missing, and only a full refresh brings them back.</summary>
    Lost = 4,

    /// <summary>Its slot is being dropped; then it is gone.</summary>
    Removing = 5,
}

/// <summary>What is read, and where.</summary>
/// <param name="Publication">Has the table; the database's owner makes it.</param>
/// <param name="Slot">Ours alone; made where it is missing.</param>
/// <param name="Table">With its schema: <c>public.stock_moves</c>.</param>
public sealed record CaptureSettings(
    string Host, int Port, string Database, string Username, CaptureTls Tls, string Publication, string Slot, string Table)
{
    private const int ConnectSeconds = 15;

    /// <summary>A connection string.</summary>
    /// <param name="address">The address that was found good to call; the name itself is used where a certificate proves it.</param>
    internal string ConnectionString(string password, IPAddress address) => new NpgsqlConnectionStringBuilder
    {
        Host = Tls == CaptureTls.VerifyFull ? Host : address.ToString(),
        Port = Port,
        Database = Database,
        Username = Username,
        Password = password,
        SslMode = Tls switch
        {
            CaptureTls.VerifyFull => SslMode.VerifyFull,
            CaptureTls.Require => SslMode.Require,
            CaptureTls.Disable => SslMode.Disable,
            _ => throw new InvalidOperationException($"No way to protect a connection by {Tls}."),
        },
        ApplicationName = "SyncFlow",
        Timeout = ConnectSeconds,
        CommandTimeout = ConnectSeconds,
        Pooling = false,
        Options = "-c DateStyle=ISO -c TimeZone=UTC", // Values come as texts; these say how they are written.
    }.ConnectionString;
}

/// <summary>How far a capture is.</summary>
/// <param name="Confirmed">Every transaction that ends up to here is stored; null before the first start.</param>
/// <param name="Doing">Commit of the transaction that is being stored.</param>
/// <param name="DoneChanges">Of it, changes that are stored.</param>
public readonly record struct CaptureMark(ulong? Confirmed, ulong? Doing, int DoneChanges)
{
    /// <summary>Whether a change is stored already.</summary>
    public bool Has(ulong commit, int number) => commit < Confirmed || (Doing is { } doing && (commit < doing || (commit == doing && number <= DoneChanges)));
}

/// <summary>A capture as its reader needs it.</summary>
/// <param name="Password">Sealed.</param>
/// <param name="SystemId">The cluster it was read from so far.</param>
/// <param name="Mapping">Name of the source's mapping; null where it has none.</param>
/// <param name="OwnMapping">The document, where it is one of the tenant's own.</param>
public sealed record CaptureTask(
    CaptureSettings Settings, byte[]? Password, int Revision, CaptureState State, CaptureMark Mark, string? SystemId, string? Mapping, string? OwnMapping);

/// <summary>A change that the mapping cannot read.</summary>
/// <param name="Position">Where in the source's log.</param>
/// <param name="Record">The columns that the mapping looks at.</param>
/// <param name="Errors">Messages by column.</param>
public sealed record CaptureRefusal(string Position, IReadOnlyDictionary<string, string?> Record, IReadOnlyDictionary<string, string[]> Errors);
