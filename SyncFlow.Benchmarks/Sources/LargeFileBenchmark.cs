using System.Globalization;
using Npgsql;
using SyncFlow.AppHost;
using SyncFlow.AppHost.Local;
using SyncFlow.Benchmarks.Support;

namespace SyncFlow.Benchmarks.Sources;

/// <summary>
/// The largest files that are taken: one uploaded, and the next day's left in a watched folder. The worker is killed while
/// it books the first and while it reads the second. In the end the books say what the file says, and neither process has
/// taken memory by the file's size.
/// </summary>
internal static class LargeFileBenchmark
{
    public const string MegabytesOption = "--megabytes";

    public const long DefaultMegabytes = 200;

    /// <summary>What API and worker may grow by.</summary>
    public const double MostGrowthMegabytes = 200;

    private const int Places = 40;

    private const string Folder = "erp";

    /// <summary>Rows read of the second file when the worker is killed: by then it is in the middle.</summary>
    private const int ReadWhenKilled = 20_000;

    public static async Task RunAsync(Results results, BenchOptions options, TimeProvider time, CancellationToken ct)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new CheckFailedException("A process's memory is read from /proc, which only Linux has.");
        }

        var folder = Directory.CreateTempSubdirectory("syncflow-bench-");
        try
        {
            // Made for its owner alone; root's PostgreSQL runs under another account and must pass through.
            folder.UnixFileMode |= UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
            var root = Path.Combine(folder.FullName, "files");
            Environment.SetEnvironmentVariable("Sources__Files__Root", root); // Services inherit it.
            var asked = new LocalOptions(RunFor: null, Clean: false, Sandbox: false, 0, Mode: null, ApiPort: null, DataFolder: null);
            await using var host = new LocalHost(asked, time, Console.Error);
            var secrets = await host.StartAsync(Path.Combine(folder.FullName, "data"), ct).ConfigureAwait(false);
            using var stand = new LargeFileStand(host, secrets.BootstrapApiKey, time);
            var bytes = options[MegabytesOption] << 20;
            var (today, tomorrow) = (new StockFile(bytes, Places, 0), new StockFile(bytes, Places, 1));
            results.Add("files.megabytes", today.Size / (double)(1 << 20), "MB");
            results.Add("files.rows", today.Rows, "rows");
            await stand.SetUpAsync(Places, today.Skus, Folder, ct).ConfigureAwait(false);
            await UploadAsync(results, stand, today, time, ct).ConfigureAwait(false);
            await WatchAsync(results, stand, tomorrow, Path.Combine(root, "1", Folder), time, ct).ConfigureAwait(false);
        }
        finally
        {
            NpgsqlConnection.ClearAllPools();
            folder.Delete(recursive: true);
        }
    }

    private static async Task UploadAsync(Results results, LargeFileStand stand, StockFile file, TimeProvider time, CancellationToken ct)
    {
        await using var api = stand.Watch(ServiceContract.Api);
        await using var worker = stand.Watch(ServiceContract.Worker);
        var began = time.GetTimestamp();
        var id = await stand.UploadAsync(file, "2026-11-20T08:00:00Z", ct).ConfigureAwait(false);
        results.Add("files.upload_s", time.GetElapsedTime(began).TotalSeconds, "s");
        began = time.GetTimestamp();
        await stand.UntilAsync("the first rows to be booked", Done(id, file.Rows / 10), ct).ConfigureAwait(false);
        stand.KillWorker();
        await stand.UntilAsync("the file to be booked", Booked(id), ct).ConfigureAwait(false);
        results.Add("files.upload_booked_s", time.GetElapsedTime(began).TotalSeconds, "s");
        await stand.CheckAsync(file, ct).ConfigureAwait(false);
        Grown(results, "files.upload_api_growth_mb", api);
        Grown(results, "files.upload_worker_growth_mb", worker);
    }

    private static async Task WatchAsync(Results results, LargeFileStand stand, StockFile file, string folder, TimeProvider time, CancellationToken ct)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, "refresh-20261121T080000Z.csv");
        await using (var disk = File.Create(path))
        {
            await file.WriteAsync(disk, ct).ConfigureAwait(false);
        }

        await using var worker = stand.Watch(ServiceContract.Worker);
        var began = time.GetTimestamp();
        await File.WriteAllTextAsync(path + ".done", "", ct).ConfigureAwait(false);
        var first = await stand.ScalarAsync<long>("SELECT max(file_id) FROM source_files", ct).ConfigureAwait(false);
        await stand.UntilAsync(
            "the file to be read", Text($"SELECT EXISTS (SELECT FROM source_file_rows WHERE file_id > {first} AND line > {ReadWhenKilled})"), ct).ConfigureAwait(false);
        stand.KillWorker();
        await stand.UntilAsync("the file to be read again", Text($"SELECT EXISTS (SELECT FROM source_files WHERE file_id > {first} AND state > 1)"), ct).ConfigureAwait(false);
        results.Add("files.watch_s", time.GetElapsedTime(began).TotalSeconds, "s");
        var id = await stand.ScalarAsync<long>("SELECT max(file_id) FROM source_files", ct).ConfigureAwait(false);
        await stand.UntilAsync("the file to be booked", Booked(id), ct).ConfigureAwait(false);
        results.Add("files.watch_booked_s", time.GetElapsedTime(began).TotalSeconds, "s");
        await stand.CheckAsync(file, ct).ConfigureAwait(false);
        Grown(results, "files.watch_worker_growth_mb", worker);
    }

    private static string Done(long file, int rows) => Text($"SELECT done_rows >= {rows} FROM source_files WHERE file_id = {file}");

    private static string Booked(long file) =>
        Text($"SELECT EXISTS (SELECT FROM source_files WHERE file_id = {file} AND state = 4) AND NOT EXISTS (SELECT FROM inbox WHERE state = 0)");

    private static string Text(FormattableString sql) => sql.ToString(CultureInfo.InvariantCulture);

    private static void Grown(Results results, string name, Memory.ResidentMemory watch)
    {
        var growth = watch.PeakMegabytes - watch.FirstMegabytes;
        results.Add(name, Math.Round(growth), "MB");
        if (growth > MostGrowthMegabytes)
        {
            throw new CheckFailedException($"{name} is {growth:0} MB; {MostGrowthMegabytes:0} are allowed.");
        }
    }
}
