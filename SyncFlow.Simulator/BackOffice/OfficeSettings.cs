namespace SyncFlow.Simulator.BackOffice;

/// <summary>Where a system stands in SyncFlow, and how far its clock is off.</summary>
/// <param name="SourceId">Its connection.</param>
public sealed record OfficeSource(long SourceId, double SkewSeconds);

/// <summary>The retailer's other systems, and how they work.</summary>
public sealed record OfficeSettings
{
    /// <summary>SyncFlow's API, where tills push to.</summary>
    public required Uri ApiUrl { get; init; }

    /// <summary>What opens it.</summary>
    public required string ApiKey { get; init; }

    public required OfficeSource Erp { get; init; }

    public required OfficeSource Wms { get; init; }

    public required OfficeSource Pos { get; init; }

    public required OfficeSource ThreePl { get; init; }

    /// <summary>Connections of the stores in SyncFlow, by domain.</summary>
    public required IReadOnlyDictionary<string, long> Stores { get; init; }

    /// <summary>From an order until the warehouse knows of it.</summary>
    public int AllocateMs { get; init; } = 700;

    /// <summary>Longest time to pick; each order draws its own.</summary>
    public int PickMs { get; init; } = 4_000;

    /// <summary>The ERP posts what others did in batches, this far apart.</summary>
    public int PostEveryMs { get; init; } = 3_000;

    /// <summary>An ERP that was put back posts nothing for so long.</summary>
    public int RestoreMs { get; init; } = 3_000;

    /// <summary>Tills send their receipts this far apart.</summary>
    public int PushEveryMs { get; init; } = 1_000;

    /// <summary>Sales at tills, a second.</summary>
    public double TillSalesPerSecond { get; init; } = 3;

    /// <summary>Receipts and shipments at the 3PL, a second.</summary>
    public double ThreePlMovesPerSecond { get; init; } = 2;

    /// <summary>Mean time between two outages of a system; 0 for none.</summary>
    public int OutageEveryMs { get; init; } = 20_000;

    /// <summary>How long one lasts.</summary>
    public int OutageMs { get; init; } = 2_500;
}

/// <summary>A system as the control API shows it.</summary>
/// <param name="Rows">What it wrote down.</param>
/// <param name="Pending">What it has still to do: pick and ship, post, send.</param>
/// <param name="OpenTasks">Units it is picking.</param>
/// <param name="Outages">How often it could not be reached.</param>
/// <param name="Stock">What its books say.</param>
public sealed record OfficeView(string Name, long SourceId, int Rows, int Pending, int OpenTasks, int Outages, IReadOnlyList<OfficeStock> Stock);

/// <summary>Units of a SKU at a place of a system.</summary>
public sealed record OfficeStock(string Sku, string Location, int Units);

/// <summary>A place of the main store.</summary>
/// <param name="Place">Plant and storage location.</param>
/// <param name="Name">The store's name for it.</param>
public sealed record OfficePlace(string Place, string Name);
