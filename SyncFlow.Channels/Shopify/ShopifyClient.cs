using System.Net.Http.Headers;
using System.Text.Json;
using SyncFlow.Core.Faults;

namespace SyncFlow.Channels.Shopify;

/// <summary>
/// Shopify's Admin GraphQL API for one connection: one method that sends, and typed operations on it. Every failure is
/// a <see cref="ChannelFault"/>; the only exceptions are the caller's own cancellation and programming errors.
/// </summary>
/// <param name="http">Must not follow redirects: the token would go along. Tokens are not kept in it.</param>
/// <param name="access">Which shop, and how.</param>
/// <param name="budget">The shop's points; one instance for all callers of the shop.</param>
/// <param name="time">Clock and waits.</param>
public sealed partial class ShopifyClient(HttpClient http, ShopifyAccess access, CostBudget budget, TimeProvider time)
{
    /// <summary>Times a throttled call is sent before the caller is told.</summary>
    public const int ThrottledTries = 5;

    /// <summary>Longest a call waits for points before the caller is told.</summary>
    public static readonly TimeSpan LongestBudgetWait = TimeSpan.FromSeconds(60);

    /// <summary>Shortest wait after a refusal for want of points.</summary>
    private static readonly TimeSpan ShortestThrottleWait = TimeSpan.FromMilliseconds(100);

    /// <summary>Largest answer read, in bytes; bulk results are streamed and not bound by it.</summary>
    private const int LargestAnswer = 32 * 1024 * 1024;

    private readonly Uri _endpoint = access.Endpoint;

    private volatile string _token = access.Token;

    private long _ahead;

    /// <summary>
    /// What the shop's clock shows now, as far as its last answer told (the Date header, whole seconds); ours before the
    /// first answer. Only moments of the shop are compared with it.
    /// </summary>
    public DateTimeOffset ShopTime => time.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _ahead));

    /// <summary>Longest wait for one answer, its body included.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Sends one operation and waits for the shop's points where needed.</summary>
    /// <param name="variables">As they go out; nulls are written.</param>
    /// <param name="estimatedCost">Points to reserve; the answer corrects it.</param>
    /// <returns>The whole answer, whose <c>data</c> is present and which has no top-level errors; the caller disposes it.</returns>
    public Task<ChannelResult<JsonDocument>> SendAsync(
        ShopifyOperation operation, object? variables, int estimatedCost, CancellationToken cancel,
        BudgetUse use = BudgetUse.Publish)
    {
        ArgumentNullException.ThrowIfNull(operation);
        return SendRawAsync(operation, ShopifyJson.Serialise(variables), estimatedCost, use, cancel);
    }

    /// <summary>As <see cref="SendAsync"/>, with the variables as JSON text that goes out byte by byte.</summary>
    private async Task<ChannelResult<JsonDocument>> SendRawAsync(
        ShopifyOperation operation, ReadOnlyMemory<byte> variables, int estimatedCost, BudgetUse use,
        CancellationToken cancel)
    {
        var body = ShopifyJson.RequestBody(operation, variables);
        var renewed = access.Renew is null;
        for (var tries = 1; ; tries++)
        {
            if (await ReserveAsync(estimatedCost, use, cancel) is { } tooLong)
            {
                return tooLong;
            }

            var token = _token;
            var answer = await PostAsync(operation, body, token, cancel);
            budget.Settle(estimatedCost, use, answer.ActualCost, answer.Status, time.GetUtcNow());
            budget.Count(throttled: answer.Fault?.Kind == ChannelFaultKind.RateLimited);
            if (answer.Fault is { Kind: ChannelFaultKind.Unauthorized } && !renewed)
            {
                renewed = true;
                if (await access.Renew!(token, cancel) is { } next)
                {
                    _token = next; // A refused call did nothing, so that sending it again does it once.
                    continue;
                }
            }

            if (answer.Fault is not { Kind: ChannelFaultKind.RateLimited } limited)
            {
                return answer.Fault is { } fault ? fault : answer.Document!;
            }

            if (tries == ThrottledTries)
            {
                return limited;
            }

            if (answer.Status is null)
            {
                budget.Exhausted(time.GetUtcNow());
            }

            // The budget now knows better and makes the next try wait; this is the least, against a shop that says it
            // has points and refuses all the same.
            await Task.Delay(limited.RetryAfter ?? (ShortestThrottleWait * tries), time, cancel);
        }
    }

    /// <summary>Sends one operation and reads what is needed out of its data.</summary>
    private async Task<ChannelResult<T>> AskAsync<T>(
        ShopifyOperation operation, object? variables, int cost, BudgetUse use, Func<JsonElement, ChannelResult<T>> read,
        CancellationToken cancel)
    {
        var answer = await SendRawAsync(operation, ShopifyJson.Serialise(variables), cost, use, cancel);
        if (!answer.Succeeded)
        {
            return answer.Fault;
        }

        using var document = answer.Value;
        return ShopifyFaults.Understand(operation, document.RootElement.GetProperty("data"), read);
    }

    private async Task<ChannelFault?> ReserveAsync(int cost, BudgetUse use, CancellationToken cancel)
    {
        var until = time.GetUtcNow() + LongestBudgetWait;
        while (budget.TryReserve(cost, use, time.GetUtcNow()) is var wait && wait > TimeSpan.Zero)
        {
            if (time.GetUtcNow() + wait > until)
            {
                return new ChannelFault(
                    ChannelFaultKind.RateLimited, "BUDGET", $"no points for {LongestBudgetWait.TotalSeconds} s", wait);
            }

            await Task.Delay(wait + TimeSpan.FromMilliseconds(1), time, cancel);
        }

        return null;
    }

    private async Task<ShopifyAnswer> PostAsync(
        ShopifyOperation operation, ReadOnlyMemory<byte> body, string token, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _endpoint) { Content = new ReadOnlyMemoryContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.TryAddWithoutValidation("X-Shopify-Access-Token", token);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        using var patience = new CancellationTokenSource(AnswerTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (response.Headers.Date is { } theirs)
            {
                Interlocked.Exchange(ref _ahead, (theirs - time.GetUtcNow()).Ticks);
            }

            var bytes = await ReadAsync(response.Content, either.Token);
            return ShopifyFaults.Classify(operation, response, bytes, time.GetUtcNow());
        }
        catch (HttpRequestException failure)
        {
            return ShopifyAnswer.Failed(ShopifyFaults.Classify(operation, failure));
        }
        catch (IOException)
        {
            return ShopifyAnswer.Failed(ShopifyFaults.Lost(operation, "ANSWER_CUT", "the connection broke while the answer was read"));
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return ShopifyAnswer.Failed(ShopifyFaults.Lost(operation, "TIMEOUT", "no answer in time"));
        }
    }

    private static async Task<byte[]> ReadAsync(HttpContent content, CancellationToken cancel)
    {
        await content.LoadIntoBufferAsync(LargestAnswer, cancel);
        return await content.ReadAsByteArrayAsync(cancel);
    }
}
