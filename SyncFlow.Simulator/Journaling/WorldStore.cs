using System.Globalization;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Journaling;

/// <summary>
/// Keeps a world in a folder: a snapshot and the journal since it, both numbered by generation. Loading takes the newest
/// whole snapshot and replays every journal from its number on; compacting switches to a new journal first and writes
/// the snapshot after, so that a crash at any point leaves a loadable pair.
/// </summary>
internal sealed class WorldStore(string folder, long compactAtBytes) : IAsyncDisposable
{
    private static readonly TimeSpan CompactionCheck = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stop = new();
    private Task _compacting = Task.CompletedTask;
    private int _generation;

    /// <summary>Loads the world of the folder, or builds a new one there, and journals it from now on.</summary>
    internal async Task<World> OpenAsync(SimulatorOptions options, TimeProvider clock)
    {
        Directory.CreateDirectory(folder);
        var newest = Numbers("snapshot").DefaultIfEmpty(0).Max();
        World world;
        if (newest == 0)
        {
            world = WorldBuilder.Build(options, clock);
        }
        else
        {
            // Another seed each start: ids and faults must not repeat those of the run before.
            world = new World(clock, unchecked(options.Seed + (newest * 104_729)));
            var reader = new JournalReplay(world, options.Seed);
            reader.Read(PathOf("snapshot", newest));
            foreach (var number in Numbers("journal").Where(n => n >= newest).Order())
            {
                reader.Read(PathOf("journal", number));
            }

            reader.Finish();
        }

        _generation = Math.Max(newest, Numbers("journal").DefaultIfEmpty(0).Max()) + 1;
        await WriteSnapshotAsync(world, _generation);
        var journal = new Journal(PathOf("journal", _generation));
        Attach(world, journal);
        DeleteBefore(_generation);
        _compacting = CompactWhenLargeAsync(world, journal, clock);
        return world;
    }

    /// <summary>Starts a new journal and writes the world as it is now beside it.</summary>
    internal async Task CompactAsync(World world, Journal journal)
    {
        var next = _generation + 1;
        await journal.SwitchToAsync(PathOf("journal", next));
        await WriteSnapshotAsync(world, next);
        _generation = next;
        DeleteBefore(next);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _compacting;
        _stop.Dispose();
    }

    private static void Attach(World world, Journal journal)
    {
        world.Journal = journal;
        world.Truth.Changed = stock => journal.Append("stock", null, stock);
        world.Truth.Oversold = oversell => journal.Append("oversell", null, oversell);
    }

    private async Task CompactWhenLargeAsync(World world, Journal journal, TimeProvider clock)
    {
        try
        {
            while (true)
            {
                await Task.Delay(CompactionCheck, clock, _stop.Token);
                if (journal.Length > compactAtBytes)
                {
                    await CompactAsync(world, journal);
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The store was closed.
        }
    }

    private async Task WriteSnapshotAsync(World world, int generation)
    {
        var path = PathOf("snapshot", generation);
        var unfinished = path + ".tmp";
        await using (var file = new FileStream(unfinished, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16))
        {
            foreach (var shop in world.Shops)
            {
                using var lines = new MemoryStream();
                lock (shop.Gate)
                {
                    Write(shop, lines);
                }

                await file.WriteAsync(lines.GetBuffer().AsMemory(0, (int)lines.Length));
            }

            foreach (var stock in world.Truth.All())
            {
                await file.WriteAsync(JournalFormat.Line("stock", null, stock));
                foreach (var oversell in stock.Oversells)
                {
                    await file.WriteAsync(JournalFormat.Line("oversell", null, oversell));
                }
            }

            file.Flush(flushToDisk: true);
        }

        File.Move(unfinished, path, overwrite: true);
    }

    private static void Write(Shop shop, MemoryStream lines)
    {
        Line("shop", ShopRecord.Of(shop));
        Line("access", shop.Access);
        Line("billing", shop.Billing.Subscriptions);
        Line("plan", shop.AppPlan);
        foreach (var location in shop.Locations)
        {
            Line("location", location);
        }

        foreach (var product in shop.Products)
        {
            Line("product", product);
        }

        foreach (var level in shop.Levels)
        {
            Line("level", level);
        }

        foreach (var group in shop.Groups)
        {
            Line("group", group);
        }

        foreach (var order in shop.Orders)
        {
            Line("order", order);
        }

        foreach (var subscription in shop.Subscriptions.Values)
        {
            Line("subscription", subscription);
        }

        foreach (var left in shop.Undelivered.Values)
        {
            Line("webhook", left);
        }

        foreach (var entry in shop.Idempotency.Finished)
        {
            Line("idempotency", entry);
        }

        void Line<T>(string kind, T value) => lines.Write(JournalFormat.Line(kind, shop.Domain, value));
    }

    private string PathOf(string kind, int number) =>
        Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"world-{number:D6}.{kind}.jsonl"));

    private List<int> Numbers(string kind) =>
        [.. Directory.EnumerateFiles(folder, $"world-*.{kind}.jsonl")
            .Select(f => int.Parse(Path.GetFileName(f).AsSpan(6, 6), NumberStyles.None, CultureInfo.InvariantCulture))];

    private void DeleteBefore(int generation)
    {
        foreach (var kind in new[] { "snapshot", "journal" })
        {
            foreach (var number in Numbers(kind).Where(n => n < generation))
            {
                File.Delete(PathOf(kind, number));
            }
        }
    }
}

/// <summary>A shop's own facts in the journal.</summary>
internal sealed record ShopRecord(
    string Name, string AccessToken, ShopPlan Plan, DateTimeOffset CreatedAt, long LastId, bool Installed,
    IReadOnlyList<string> Scopes)
{
    internal static ShopRecord Of(Shop shop) => new(
        shop.Name, shop.AccessToken, shop.Plan, shop.CreatedAt, shop.Ids.Last, shop.Installed, [.. shop.Scopes]);
}
