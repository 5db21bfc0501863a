using System.Globalization;
using System.Net;
using System.Text;

namespace SyncFlow.Benchmarks.Sources;

/// <summary>
/// A stock list as an inventory system exports it (the columns of the ready mapping <c>cin7-stock</c> and two more),
/// written row by row and never held. All rows have the same length.
/// </summary>
/// <param name="bytes">Its size at most.</param>
/// <param name="places">Rows of each SKU.</param>
/// <param name="day">A tenth of the rows says something else each day.</param>
internal sealed class StockFile(long bytes, int places, int day) : HttpContent
{
    private const string Header = "productId,code,branchId,branchName,available,stockOnHand,openSales,incoming,holding,modifiedDate,bin,description\n";

    private const int Changing = 10;

    private static readonly string Description = new('x', 250);

    /// <summary>Its rows.</summary>
    public int Rows { get; } = (int)((bytes - Header.Length) / Encoding.ASCII.GetByteCount(Row(0, places, day)));

    /// <summary>SKUs in it; those before the last have all their rows.</summary>
    public int Skus => (Rows + places - 1) / places;

    /// <summary>Its size.</summary>
    public long Size => Header.Length + ((long)Rows * Row(0, places, day).Length);

    public static string Code(int sku) => string.Create(CultureInfo.InvariantCulture, $"LARGE-{sku:000000}");

    public static string Place(int place) => string.Create(CultureInfo.InvariantCulture, $"Branch {place:00}");

    /// <summary>Units of a SKU at all places.</summary>
    public long Units(int sku) => Enumerable.Range(sku * places, Math.Min(places, Rows - (sku * places))).Sum(n => (long)OnHand(n, day));

    /// <summary>Writes it.</summary>
    public async Task WriteAsync(Stream to, CancellationToken ct)
    {
        await using var writer = new StreamWriter(to, new UTF8Encoding(false), 64 << 10, leaveOpen: true);
        await writer.WriteAsync(Header).ConfigureAwait(false);
        for (var n = 0; n < Rows; n++)
        {
            ct.ThrowIfCancellationRequested();
            await writer.WriteAsync(Row(n, places, day)).ConfigureAwait(false);
        }
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => WriteAsync(stream, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) => WriteAsync(stream, cancellationToken);

    protected override bool TryComputeLength(out long length)
    {
        length = Size;
        return true;
    }

    private static int OnHand(int n, int day) => 10 + (((n * 7) + (n % Changing == 0 ? day * 13 : 0)) % 80);

    private static string Row(int n, int places, int day) => string.Create(
        CultureInfo.InvariantCulture,
        $"{n:00000000},{Code(n / places)},{n % places:00},{Place(n % places)},00,{OnHand(n, day)},0,0,{n % 3},2026-11-20T08:00:00Z,A-{n % 1_000:000},{Description}\n");
}
