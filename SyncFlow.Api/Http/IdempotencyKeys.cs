using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SyncFlow.Api.Security;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Http;

/// <summary>
/// <c>Idempotency-Key</c> on what writes: the same key with the same request gives the stored answer again; with another
/// request it is refused (422); while the first request runs it is refused too (409). An answer of 500 or more is not
/// kept: the caller may try again. Neither is what was refused for who asked, for what he did not say he had seen, or for how
/// much he asked: nothing was done, and it may be otherwise the next time.
/// </summary>
internal sealed class IdempotencyKeys(RequestDelegate next)
{
    public const string Header = "Idempotency-Key";

    public const string ReplayedHeader = "Idempotency-Replayed";

    private const int LongestKey = 255;

    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    /// <summary>What a repeat gets where the answer held a secret: that is shown once and never kept.</summary>
    private static readonly StoredAnswer Shown = new(
        StatusCodes.Status409Conflict,
        JsonSerializer.Serialize(
            ProblemMapping.Details(new(ProblemKind.StateConflict, "It was done; its answer held a secret and is not shown again."), null), Json.Options));

    public async Task InvokeAsync(HttpContext context, IdempotencyStore store, Caller caller)
    {
        var key = context.Request.Headers[Header].ToString();
        if (!Writes(context.Request.Method) || key.Length == 0 || !caller.IsKnown || caller.TenantOrNone is null)
        {
            await next(context).ConfigureAwait(false);
            return;
        }

        if (key.Length > LongestKey)
        {
            await ProblemMapping.WriteAsync(context, Problem.Invalid(Header, $"At most {LongestKey} characters.")).ConfigureAwait(false);
            return;
        }

        var hash = await HashAsync(context.Request, caller.Locations).ConfigureAwait(false);
        var (state, answer) = await store.ClaimAsync(caller.Tenant, key, hash, context.RequestAborted).ConfigureAwait(false);
        switch (state)
        {
            case IdempotencyState.Claimed:
                caller.IdempotencyKey = key;
                await RunAsync(context, store, caller.Tenant, key).ConfigureAwait(false);
                break;
            case IdempotencyState.Answered:
                await ReplayAsync(context, answer!).ConfigureAwait(false);
                break;
            case IdempotencyState.OtherRequest:
                await ProblemMapping.WriteAsync(context, new(ProblemKind.IdempotencyKeyReused, "Take a new key for a new request.")).ConfigureAwait(false);
                break;
            case IdempotencyState.Running:
                await ProblemMapping.WriteAsync(
                    context, new(ProblemKind.IdempotencyKeyInUse, "Ask again a little later.") { RetryAfter = Retry }).ConfigureAwait(false);
                break;
        }
    }

    /// <summary>Whether a method may change something.</summary>
    internal static bool Writes(string method) =>
        HttpMethods.IsPost(method) || HttpMethods.IsPut(method) || HttpMethods.IsPatch(method) || HttpMethods.IsDelete(method);

    private static bool Keeps(int status) => status is < StatusCodes.Status500InternalServerError
        and not (StatusCodes.Status403Forbidden or StatusCodes.Status428PreconditionRequired or StatusCodes.Status429TooManyRequests);

    private async Task RunAsync(HttpContext context, IdempotencyStore store, long tenant, string key)
    {
        var outward = context.Response.Body;
        using var kept = new MemoryStream();
        context.Response.Body = kept;
        var done = false;
        try
        {
            await next(context).ConfigureAwait(false);
            done = Keeps(context.Response.StatusCode);
        }
        finally
        {
            context.Response.Body = outward;

            // Written whether or not the caller still listens: the work is done.
            // A refusal holds no secret, and nothing was done: its repeat has to say so.
            var secret = context.Response.StatusCode is >= StatusCodes.Status200OK and < StatusCodes.Status300MultipleChoices
                && context.GetEndpoint()?.Metadata.GetMetadata<SecretAnswer>() is not null;
            var answer = secret
                ? Shown
                : new StoredAnswer(context.Response.StatusCode, Encoding.UTF8.GetString(kept.GetBuffer(), 0, (int)kept.Length));
            await (done
                ? store.CompleteAsync(tenant, key, answer, CancellationToken.None)
                : store.ReleaseAsync(tenant, key, CancellationToken.None)).ConfigureAwait(false);
        }

        kept.Position = 0;
        await kept.CopyToAsync(outward, context.RequestAborted).ConfigureAwait(false);
    }

    private static Task ReplayAsync(HttpContext context, StoredAnswer answer)
    {
        context.Response.StatusCode = answer.Status;
        context.Response.Headers[ReplayedHeader] = "true";
        if (answer.Body.Length == 0)
        {
            return Task.CompletedTask;
        }

        context.Response.ContentType = answer.Status >= StatusCodes.Status400BadRequest
            ? ProblemMapping.ContentType
            : "application/json; charset=utf-8";
        return context.Response.WriteAsync(answer.Body, context.RequestAborted);
    }

    private static async Task<byte[]> HashAsync(HttpRequest request, IReadOnlyList<long>? locations)
    {
        request.EnableBuffering();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Method} {request.Path}{request.QueryString}\n"));

        // On another state it is another request: it must not get the answer that the state before got.
        if (request.Headers.IfMatch.ToString() is { Length: > 0 } seen)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"If-Match: {seen}\n"));
        }

        // Of who is held to other locations it is another request: the answer to one may tell what the other may not see or do.
        if (locations is not null)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"Locations: {string.Join(',', locations.Order())}\n")));
        }

        var buffer = new byte[16 << 10];
        int read;
        while ((read = await request.Body.ReadAsync(buffer, request.HttpContext.RequestAborted).ConfigureAwait(false)) > 0)
        {
            hash.AppendData(buffer, 0, read);
        }

        request.Body.Position = 0;
        return hash.GetHashAndReset();
    }
}
