using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text.Json;
using SyncFlow.Core.Faults;

namespace SyncFlow.Channels.Shopify;

// Reading a large catalog by a bulk operation.
public sealed partial class ShopifyClient
{
    private const int ItemsPerBulkPage = 500;

    private static readonly TimeSpan FirstPoll = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPoll = TimeSpan.FromSeconds(10);

    /// <summary>Longest a bulk operation is waited for; Shopify itself gives it days.</summary>
    public static readonly TimeSpan LongestBulk = TimeSpan.FromHours(2);

    private async IAsyncEnumerable<ChannelResult<ImmutableArray<CatalogItem>>> ReadCatalogInBulkAsync(
        [EnumeratorCancellation] CancellationToken cancel)
    {
        var result = await RunBulkAsync(ShopifyOperation.Named("CatalogBulk"), cancel);
        if (!result.Succeeded)
        {
            yield return result.Fault;
            yield break;
        }

        if (result.Value.Length == 0)
        {
            yield break;
        }

        var lines = new BulkCatalogLines();
        var page = ImmutableArray.CreateBuilder<CatalogItem>(ItemsPerBulkPage);
        await foreach (var line in DownloadAsync(new Uri(result.Value), cancel))
        {
            if ((line.Succeeded ? lines.Take(line.Value, page) : line.Fault) is { } fault)
            {
                yield return fault;
                yield break;
            }

            if (page.Count >= ItemsPerBulkPage)
            {
                yield return page.ToImmutable();
                page.Clear();
            }
        }

        if (lines.Finish(page) is { } unfinished)
        {
            yield return unfinished;
            yield break;
        }

        yield return page.ToImmutable();
    }

    /// <summary>Starts a bulk query and waits for it; answers the address of its lines, empty when there are none.</summary>
    private async Task<ChannelResult<string>> RunBulkAsync(ShopifyOperation query, CancellationToken cancel)
    {
        var started = await AskAsync<string>(
            ShopifyOperation.Named("BulkRun"), new { query = query.Document }, MutationCost, BudgetUse.Publish, Started, cancel);
        if (!started.Succeeded)
        {
            // A bulk query changes nothing: one that may have started is simply started again.
            return started.Fault.Kind == ChannelFaultKind.Unknown
                ? started.Fault with { Kind = ChannelFaultKind.Transient }
                : started.Fault;
        }

        var until = time.GetUtcNow() + LongestBulk;
        for (var wait = FirstPoll; time.GetUtcNow() < until; wait = wait * 2 < LongestPoll ? wait * 2 : LongestPoll)
        {
            await Task.Delay(wait, time, cancel);
            var state = await AskAsync<string?>(
                ShopifyOperation.Named("BulkState"), new { id = started.Value }, 10, BudgetUse.Publish, Finished, cancel);
            if (state.Fault is { } fault)
            {
                return fault;
            }

            if (state.Value is { } url)
            {
                return url;
            }
        }

        return new ChannelFault(ChannelFaultKind.Transient, "BULK_TIMEOUT", $"not finished after {LongestBulk.TotalHours} h");
    }

    private static ChannelResult<string> Started(JsonElement data)
    {
        var payload = data.GetProperty("bulkOperationRunQuery");
        foreach (var error in payload.GetProperty("userErrors").EnumerateArray())
        {
            var code = error.GetProperty("code").GetString() ?? "BULK_REFUSED";
            return new ChannelFault(
                code is "LIMIT_REACHED" or "OPERATION_IN_PROGRESS" ? ChannelFaultKind.Transient : ChannelFaultKind.Rejected,
                code, Text(error, "message"));
        }

        return Text(payload.GetProperty("bulkOperation"), "id");
    }

    /// <summary>The address of the lines when finished; null while it runs.</summary>
    private static ChannelResult<string?> Finished(JsonElement data)
    {
        var operation = data.GetProperty("bulkOperation");
        switch (Text(operation, "status"))
        {
            case "CREATED" or "RUNNING":
                return (string?)null;
            case "COMPLETED":
                return operation.GetProperty("url").GetString() ?? "";
            default:
                var code = operation.GetProperty("errorCode").GetString() ?? Text(operation, "status");
                return new ChannelFault(
                    code == "ACCESS_DENIED" ? ChannelFaultKind.Rejected : ChannelFaultKind.Transient, $"BULK_{code}",
                    "the bulk operation failed");
        }
    }

    /// <summary>The lines of a bulk result. It lies on a file store, so the token is not sent.</summary>
    private async IAsyncEnumerable<ChannelResult<string>> DownloadAsync(
        Uri address, [EnumeratorCancellation] CancellationToken cancel)
    {
        var opened = await OpenAsync(address, cancel);
        if (!opened.Succeeded)
        {
            yield return opened.Fault;
            yield break;
        }

        using var response = opened.Value;
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancel));
        while (true)
        {
            var line = await ReadLineAsync(reader, cancel);
            if (line.Fault is { } fault)
            {
                yield return fault;
                yield break;
            }

            if (line.Value is null)
            {
                yield break;
            }

            if (line.Value.Length > 0)
            {
                yield return line.Value;
            }
        }
    }

    private async Task<ChannelResult<HttpResponseMessage>> OpenAsync(Uri address, CancellationToken cancel)
    {
        try
        {
            var response = await http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, cancel);
            if (response.IsSuccessStatusCode)
            {
                return response;
            }

            response.Dispose();
            return new ChannelFault(ChannelFaultKind.Transient, "BULK_FILE", $"the result answers {(int)response.StatusCode}");
        }
        catch (HttpRequestException failure)
        {
            return new ChannelFault(ChannelFaultKind.Transient, "BULK_FILE", $"no connection ({failure.HttpRequestError})");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new ChannelFault(ChannelFaultKind.Transient, "BULK_FILE", "no answer in time");
        }
    }

    private static async Task<ChannelResult<string?>> ReadLineAsync(StreamReader reader, CancellationToken cancel)
    {
        try
        {
            return await reader.ReadLineAsync(cancel);
        }
        catch (IOException)
        {
            return new ChannelFault(ChannelFaultKind.Transient, "BULK_FILE", "the connection broke");
        }
    }
}
