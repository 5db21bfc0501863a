using System.Globalization;
using System.Text;

namespace SyncFlow.AppHost.Sandbox;

/// <summary>
/// Brings the sandbox's stores into SyncFlow through its public API: connect, import, map locations, map listings by
/// SKU, take a baseline (the first store's on-hand opens the ledger), go live. Done again it changes nothing: stores
/// that are live already are left as they are.
/// </summary>
/// <param name="byApp">Whether stores come by the app's install instead of a custom app's token.</param>
internal sealed class SandboxSetup(ApiClient api, WorldClient world, TimeProvider time, TextWriter output, bool byApp = false)
{
    private static readonly TimeSpan RunLimit = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    public async Task RunAsync(CancellationToken cancellation)
    {
        var stores = await world.StoresAsync(cancellation).ConfigureAwait(false);
        var known = (await api.ConnectionsAsync(cancellation).ConfigureAwait(false)).ToDictionary(view => view.Shop, StringComparer.OrdinalIgnoreCase);
        var waiting = new List<(Store Store, string Connection, bool IsMain)>();
        var main = "";
        foreach (var (index, store) in stores.Index())
        {
            if (known.TryGetValue(store.Shop, out var connection) && connection.IsLive)
            {
                output.WriteLine($"{store.Name} ({store.Shop}) is live.");
                main = index == 0 ? connection.Id : main;
                continue;
            }

            var id = connection?.Id ?? await ConnectAsync(store, cancellation).ConfigureAwait(false);
            main = index == 0 ? id : main;
            waiting.Add((store, id, IsMain: index == 0));
        }

        // Catalogs first: mapping by SKU compares a store with all that is known.
        foreach (var (store, connection, _) in waiting)
        {
            await FinishAsync($"Import of {store.Name}", await api.ImportAsync(connection, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
            await MapLocationsAsync(connection, main, cancellation).ConfigureAwait(false);
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

    /// <summary>By the app, as merchants of the app store come, or by the token of a custom app.</summary>
    private async Task<string> ConnectAsync(Store store, CancellationToken cancellation)
    {
        if (!byApp)
        {
            return await api.ConnectAsync(store, cancellation).ConfigureAwait(false);
        }

        var token = await world.SessionTokenAsync(store, cancellation).ConfigureAwait(false);
        var installed = await api.InstallAsync(store, token, cancellation).ConfigureAwait(false);
        output.WriteLine($"{store.Name} ({store.Shop}): {(installed ? "the app was installed by token exchange" : "the app was there")}; the store joins.");
        return await api.JoinAsync(store, token, cancellation).ConfigureAwait(false);
    }

    /// <summary>The code of the place that a store calls by a name: letters and digits in capitals, dashes between.</summary>
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

    /// <summary>
    /// Every location of the main store is a place of its own. The other stores sell out of the same stock: theirs is
    /// the place of that name, or else the first one of the main store.
    /// </summary>
    private async Task MapLocationsAsync(string connection, string main, CancellationToken cancellation)
    {
        var byCode = (await api.LocationsAsync(cancellation).ConfigureAwait(false)).ToDictionary(view => view.Code, view => view.Id, StringComparer.OrdinalIgnoreCase);
        var own = await api.ChannelLocationsAsync(connection, cancellation).ConfigureAwait(false);
        var shared = connection == main ? own : await api.ChannelLocationsAsync(main, cancellation).ConfigureAwait(false);
        if (shared.Count == 0)
        {
            throw api.Failed("Mapping locations", "the main store has none.");
        }

        foreach (var channelLocation in own)
        {
            var place = connection == main || byCode.ContainsKey(LocationCode(channelLocation.Name)) ? channelLocation : shared[0];
            var code = LocationCode(place.Name);
            if (!byCode.TryGetValue(code, out var location))
            {
                location = await api.CreateLocationAsync(code, place.Name, place.FulfillsOnline, cancellation).ConfigureAwait(false);
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
