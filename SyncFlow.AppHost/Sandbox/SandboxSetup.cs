using System.Globalization;
using System.Text;

namespace SyncFlow.AppHost.Sandbox;

/// <summary>
/// Brings the sandbox's stores into SyncFlow through its public API: connect, import, map locations, map listings by
/// SKU, take a baseline (the first store's on-hand opens the ledger), go live. Done again it changes nothing: stores
/// that are live already are left as they are.
/// </summary>
internal sealed class SandboxSetup(ApiClient api, WorldClient world, TimeProvider time, TextWriter output)
{
    private static readonly TimeSpan RunLimit = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    public async Task RunAsync(CancellationToken cancellation)
    {
        var stores = await world.StoresAsync(cancellation).ConfigureAwait(false);
        var known = (await api.ConnectionsAsync(cancellation).ConfigureAwait(false)).ToDictionary(view => view.Shop, StringComparer.OrdinalIgnoreCase);
        var waiting = new List<(Store Store, string Connection, bool IsMain)>();
        foreach (var (index, store) in stores.Index())
        {
            if (known.TryGetValue(store.Shop, out var connection) && connection.IsLive)
            {
                output.WriteLine($"{store.Name} ({store.Shop}) is live.");
                continue;
            }

            var id = connection?.Id ?? await api.ConnectAsync(store, cancellation).ConfigureAwait(false);
            waiting.Add((store, id, IsMain: index == 0));
        }

        // Catalogs first: mapping by SKU compares a store with all that is known.
        foreach (var (store, connection, _) in waiting)
        {
            await FinishAsync($"Import of {store.Name}", await api.ImportAsync(connection, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
            await MapLocationsAsync(connection, cancellation).ConfigureAwait(false);
            var found = await api.AutoMapAsync(connection, cancellation).ConfigureAwait(false);
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"Listings of {store.Name}: {found.Mapped} mapped, {found.Ambiguous} ambiguous, {found.Blank} without SKU, {found.Untracked} untracked, {found.Unmatched} unmatched."));
        }

        foreach (var (store, connection, isMain) in waiting)
        {
            await FinishAsync($"Baseline of {store.Name}", await api.BaselineAsync(connection, isMain, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
        }

        foreach (var (store, connection, _) in waiting)
        {
            await FinishAsync($"Going live with {store.Name}", await api.GoLiveAsync(connection, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// The code of the place that a store calls by a name: letters and digits in capitals, dashes between. Stores that
    /// use one name mean one place.
    /// </summary>
    internal static string LocationCode(string name)
    {
        var code = new StringBuilder();
        foreach (var letter in name)
        {
            if (char.IsAsciiLetterOrDigit(letter))
            {
                code.Append(char.ToUpperInvariant(letter));
            }
            else if (code.Length > 0 && code[^1] != '-')
            {
                code.Append('-');
            }
        }

        return code.ToString().TrimEnd('-');
    }

    private async Task MapLocationsAsync(string connection, CancellationToken cancellation)
    {
        var byCode = (await api.LocationsAsync(cancellation).ConfigureAwait(false)).ToDictionary(view => view.Code, view => view.Id, StringComparer.OrdinalIgnoreCase);
        foreach (var channelLocation in await api.ChannelLocationsAsync(connection, cancellation).ConfigureAwait(false))
        {
            var code = LocationCode(channelLocation.Name);
            if (!byCode.TryGetValue(code, out var location))
            {
                location = await api.CreateLocationAsync(code, channelLocation.Name, channelLocation.FulfillsOnline, cancellation).ConfigureAwait(false);
                byCode.Add(code, location);
            }

            await api.MapLocationAsync(connection, channelLocation.ExternalId, location, cancellation).ConfigureAwait(false);
        }
    }

    private async Task FinishAsync(string step, string? run, CancellationToken cancellation)
    {
        if (run is null)
        {
            throw api.Failed(step, "the answer has no 'runId'.");
        }

        var start = time.GetTimestamp();
        while (true)
        {
            var view = await api.RunAsync(step, run, cancellation).ConfigureAwait(false);
            switch (view.Status.ToUpperInvariant())
            {
                case "SUCCEEDED":
                    var count = view.Total is { } total ? string.Create(CultureInfo.InvariantCulture, $", {total:0} items") : "";
                    output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{step}: done in {time.GetElapsedTime(start).TotalSeconds:0.0} s{count}."));
                    return;
                case "FAILED":
                    throw api.Failed(step, $"run {run} says: {view.Message ?? "nothing"}.");
                default:
                    break;
            }

            if (time.GetElapsedTime(start) > RunLimit)
            {
                throw api.Failed(step, $"run {run} is still {view.Status} after {RunLimit.TotalMinutes:0} minutes ({view.Done:0} of {view.Total:0}).");
            }

            await Task.Delay(LookEvery, time, cancellation).ConfigureAwait(false);
        }
    }
}
