namespace SyncFlow.Storage.Configuration;

/// <summary>A run of long work. State: queued, running, succeeded, failed or cancelled.</summary>
public sealed class SyncRunRow : ITenantRow
{
    public long TenantId { get; set; }
    public long RunId { get; set; }
    public required string Kind { get; set; }
    public long? ConnectionId { get; set; }
    public string Parameters { get; set; } = "{}";
    public string State { get; set; } = "queued";
    public int Done { get; set; }
    public int? Total { get; set; }
    public string? Message { get; set; }
    public string? Result { get; set; }
    public int Attempts { get; set; }
    public DateTimeOffset? ClaimedUntil { get; set; }
    public bool CancelRequested { get; set; }
    public string? IdemKey { get; set; }
    public string? RequestKey { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset? StartedAt { get; set; }
    public DateTimeOffset? FinishedAt { get; set; }
}

/// <summary>What a person must look at. One is open per key.</summary>
public sealed class IncidentRow : ITenantRow
{
    public long TenantId { get; set; }
    public long IncidentId { get; set; }
    public required string IncidentKey { get; set; }
    public required string Kind { get; set; }
    public required string Message { get; set; }
    public long? ConnectionId { get; set; }
    public long? SkuId { get; set; }
    public long? LevelId { get; set; }
    public DateTimeOffset OpenedAt { get; set; }
    public DateTimeOffset SeenAt { get; set; }
    public int Times { get; set; } = 1;
    public DateTimeOffset? ClosedAt { get; set; }
}

/// <summary>A difference between a level and what the ledger can explain.</summary>
public sealed class DriftCaseRow : ITenantRow
{
    public long TenantId { get; set; }
    public long DriftId { get; set; }
    public long SkuId { get; set; }
    public long LevelId { get; set; }
    public short Class { get; set; }
    public int Expected { get; set; }
    public int Actual { get; set; }
    public required string Action { get; set; }
    public DateTimeOffset At { get; set; }
    public DateTimeOffset? ClosedAt { get; set; }
}
