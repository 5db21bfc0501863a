using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using SyncFlow.Channels.Sources.Pages;
using SyncFlow.Core.Checks;
using SyncFlow.Core.Faults;
using SyncFlow.Core.Sources;

namespace SyncFlow.Channels.Sources;

/// <summary>
/// Asks a source's API for pages, as <c>docs/source-api.yaml</c> has it. Every limit has a number: an answer's bytes, its
/// time, its depth. Nothing of the answer is believed before it was read.
/// </summary>
/// <param name="http">Whose handler keeps calls out of our own network and follows no redirect.</param>
/// <param name="access">Where the API is, and what opens it.</param>
/// <param name="own">Feeds whose pages have a form of the source's own; null for none.</param>
public sealed class SourceApiClient(HttpClient http, SourceApiAccess access, IReadOnlyDictionary<SourceFeed, OwnPages>? own = null)
{
    /// <summary>Largest answer, bytes.</summary>
    public const int LargestAnswer = 16 << 20;

    private const int Deepest = 16;

    /// <summary>Longest wait for an answer.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    /// <summary>Longest wait that a source may ask for by <c>Retry-After</c>.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    /// <summary>One page.</summary>
    /// <param name="since">Of movements: the watermark to begin after, in the source's own values; null begins at its beginning.</param>
    /// <param name="cursor">What the page before named as next; null for the first page.</param>
    /// <param name="limit">Rows wished for.</param>
    public async Task<ChannelResult<SourcePage>> PageAsync(SourceFeed feed, string? since, string? cursor, int limit, CancellationToken ct)
    {
        if (Address(feed, since, cursor, limit) is not { } address)
        {
            return new ChannelFault(ChannelFaultKind.Rejected, CursorGone, "its cursor is of another server than is asked now; the round begins anew");
        }

        using var limited = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limited.CancelAfter(LongestWait);
        try
        {
            using var request = Request(address);
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limited.Token).ConfigureAwait(false);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                return Refused(response, cursor is not null);
            }

            return await BodyAsync(response, limited.Token).ConfigureAwait(false) is { } body
                ? Read(body, response, feed, cursor)
                : new ChannelFault(ChannelFaultKind.Rejected, "ANSWER_TOO_LARGE", $"an answer is larger than {LargestAnswer >> 20} MB; send smaller pages");
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return new ChannelFault(ChannelFaultKind.Transient, "TIMED_OUT", $"no answer within {LongestWait.TotalSeconds:0} s");
        }
        catch (HttpRequestException failure)
        {
            return new ChannelFault(ChannelFaultKind.Transient, "NOT_REACHED", $"the source was not reached ({failure.HttpRequestError})");
        }
        catch (IOException)
        {
            return new ChannelFault(ChannelFaultKind.Transient, "ANSWER_LOST", "the connection broke in the middle of an answer");
        }
    }

    private Uri? Address(SourceFeed feed, string? since, string? cursor, int limit)
    {
        if (own?.GetValueOrDefault(feed) is { } pages)
        {
            return pages.Address(access.BaseUrl, since, cursor, limit);
        }

        var path = feed switch
        {
            SourceFeed.Movements => "movements",
            SourceFeed.Positions => "positions",
            SourceFeed.PickTasks => "pick-tasks",
            _ => throw new ArgumentOutOfRangeException(nameof(feed), feed, "There is no such feed."),
        };
        return PageAddress.Of(access.BaseUrl, path + "?since={since}&cursor={cursor}&limit={limit}", since, cursor, limit);
    }

    private HttpRequestMessage Request(Uri address)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        switch (access.Scheme)
        {
            case SourceApiScheme.Bearer:
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", access.Secret);
                break;
            case SourceApiScheme.Basic:
                request.Headers.Authorization = new AuthenticationHeaderValue(
                    "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{access.Account}:{access.Secret}")));
                break;
            default:
                request.Headers.TryAddWithoutValidation(access.Account!, access.Secret);
                break;
        }

        return request;
    }

    /// <summary>The bytes, or null where there are too many.</summary>
    private static async Task<byte[]?> BodyAsync(HttpResponseMessage response, CancellationToken ct)
    {
        if (response.Content.Headers.ContentLength > LargestAnswer)
        {
            return null;
        }

        await using var stream = await response.Content.ReadAsStreamAsync(ct).ConfigureAwait(false);
        using var kept = new MemoryStream();
        var buffer = new byte[64 << 10];
        int read;
        while ((read = await stream.ReadAsync(buffer, ct).ConfigureAwait(false)) > 0)
        {
            if (kept.Length + read > LargestAnswer)
            {
                return null;
            }

            kept.Write(buffer, 0, read);
        }

        return kept.ToArray();
    }

    private ChannelResult<SourcePage> Read(byte[] body, HttpResponseMessage response, SourceFeed feed, string? asked)
    {
        if (response.Content.Headers.ContentType?.CharSet is { } charset && !charset.Trim('"').Equals("utf-8", StringComparison.OrdinalIgnoreCase))
        {
            return new ChannelFault(ChannelFaultKind.Rejected, "NOT_UTF8", $"an answer calls itself {charset}; JSON is UTF-8");
        }

        try
        {
            var text = body.AsMemory(body.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0);
            if (!System.Text.Unicode.Utf8.IsValid(text.Span))
            {
                return new ChannelFault(ChannelFaultKind.Rejected, "NOT_UTF8", "an answer is not UTF-8");
            }

            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = Deepest });
            var check = new Check();
            var root = document.RootElement.Clone();
            var page = own?.GetValueOrDefault(feed) is { } pages
                ? pages.Read(root, access.BaseUrl, asked, response.Headers.Date, check)
                : SourcePage.Read(root, check);
            return page is not null
                ? page
                : new ChannelFault(ChannelFaultKind.Rejected, "NOT_A_PAGE", "an answer is no page: " + string.Join("; ", check.Fields.Select(f => $"{f.Key}: {f.Value[0]}")));
        }
        catch (JsonException broken)
        {
            return new ChannelFault(
                ChannelFaultKind.Rejected, "NOT_JSON",
                string.Create(CultureInfo.InvariantCulture, $"an answer is no JSON, from line {broken.LineNumber + 1}, byte {broken.BytePositionInLine}"));
        }
    }

    private static ChannelFault Refused(HttpResponseMessage response, bool byCursor)
    {
        var status = (int)response.StatusCode;
        return status switch
        {
            401 or 403 => new(ChannelFaultKind.Unauthorized, "NOT_ALLOWED", $"it answers {status}: the credential is refused"),
            429 or 503 => new(ChannelFaultKind.RateLimited, "BUSY", $"it answers {status}: it asks to wait", PauseOf(response)),
            400 or 404 or 410 when byCursor => new(ChannelFaultKind.Rejected, CursorGone, $"it answers {status} to its own cursor; the round begins anew"),
            >= 300 and < 400 => new(ChannelFaultKind.Rejected, "REDIRECTED", $"it answers {status}: redirects are not followed, name the address itself"),
            >= 500 => new(ChannelFaultKind.Transient, "SOURCE_FAILED", $"it answers {status}"),
            _ => new(ChannelFaultKind.Rejected, "REFUSED", $"it answers {status}"),
        };
    }

    /// <summary>The code of a cursor that the source knows no longer.</summary>
    public const string CursorGone = "CURSOR_GONE";

    private static TimeSpan? PauseOf(HttpResponseMessage response) => response.Headers.RetryAfter?.Delta is { } asked && asked >= TimeSpan.Zero
        ? asked < LongestPause ? asked : LongestPause
        : null;
}
