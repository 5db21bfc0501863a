using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Allocation;

/// <summary>How a <see cref="SalesMemory"/> is stored: paces and the current hour in <c>sku_state</c>, peaks apart.</summary>
internal static class SalesRows
{
    public static string? Write(ImmutableArray<ChannelPace> paces)
    {
        if (paces.IsEmpty)
        {
            return null;
        }

        var text = new StringBuilder("[");
        foreach (var pace in paces)
        {
            text.Append(text.Length > 1 ? "," : "").Append(
                CultureInfo.InvariantCulture,
                $"[{pace.Channel.Value},{pace.Sold:R},{pace.InStockSeconds:R},{pace.At.UtcTicks},{(pace.Showing ? 1 : 0)},{pace.Recent:R}]");
        }

        return text.Append(']').ToString();
    }

    /// <summary>Reads the columns paces, sales_hour, sales_hour_units and peaks, from this one on.</summary>
    public static SalesMemory Read(NpgsqlDataReader row, int first) => new(
        ReadPaces(row.Text(first)), row.GetInt64(first + 1), row.GetInt32(first + 2),
        row.IsDBNull(first + 3) ? HourPeaks.None : HourPeaks.Read(row.GetFieldValue<byte[]>(first + 3)));

    /// <summary>Stores the peaks of SKUs that are counting another hour than before; others cannot have changed.</summary>
    public static NpgsqlBatchCommand UpsertPeaks(StorageSession session, IReadOnlyList<SkuState> skus) => session.Of(
        """
        INSERT INTO sku_peaks AS p (tenant_id, sku_id, peaks)
        SELECT $1, d.sku_id, d.peaks FROM unnest($2::bigint[], $3::bytea[]) AS d (sku_id, peaks) ORDER BY d.sku_id
        ON CONFLICT (tenant_id, sku_id) DO UPDATE SET peaks = excluded.peaks WHERE p.peaks <> excluded.peaks
        """,
        Sql.Column(skus, s => s.Sku.Value),
        Sql.Column(skus, s => ImmutableCollectionsMarshal.AsArray(s.Sales.Peaks.Bytes)!));

    /// <summary>Keeps the paces of SKUs whose weights changed, for whoever asks later how shares came about.</summary>
    public static NpgsqlBatchCommand NotePaces(StorageSession session, IReadOnlyList<SkuState> skus, DateTimeOffset at) => session.Of(
        """
        INSERT INTO pace_history (tenant_id, sku_id, at, paces)
        SELECT $1, d.sku_id, $2, d.paces::json FROM unnest($3::bigint[], $4::text[]) AS d (sku_id, paces)
        """,
        Sql.P(at), Sql.Column(skus, s => s.Sku.Value), Sql.Column(skus, s => Write(s.Sales.Channels) ?? "[]"));

    /// <summary>Paces as they were written; none where there is no text.</summary>
    public static ImmutableArray<ChannelPace> ReadPaces(string? json)
    {
        if (json is null)
        {
            return [];
        }

        using var document = JsonDocument.Parse(json);
        return [.. document.RootElement.EnumerateArray().Select(p => new ChannelPace(
            new ConnectionId(p[0].GetInt64()), p[1].GetDouble(), p[2].GetDouble(),
            new DateTimeOffset(p[3].GetInt64(), TimeSpan.Zero), p[4].GetInt32() == 1)
        {
            Recent = p.GetArrayLength() > 5 ? p[5].GetDouble() : 0, // Rows from before have none.
        })];
    }
}
