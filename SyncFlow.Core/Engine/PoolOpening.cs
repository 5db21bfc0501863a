namespace SyncFlow.Core.Engine;

/// <summary>What the ledger's entries do not tell of a pool: its on-hand became known, or other units are aside now.</summary>
/// <param name="Opened">Whether an opening count stands behind it from now on.</param>
/// <param name="SetAside">Units that are aside from now on.</param>
public sealed record PoolOpening(SkuId Sku, LocationId Location, bool Opened, int SetAside = 0);
