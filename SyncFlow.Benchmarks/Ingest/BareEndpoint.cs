using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Npgsql;
using SyncFlow.Benchmarks.Support;

namespace SyncFlow.Benchmarks.Ingest;

/// <summary>
/// The least that storing a webhook durably can cost: Kestrel, HMAC-SHA256 over the body, one insert for all that wait
/// (two writers, as the product has) into a table with a primary key, an answer after the commit; nothing else. Its two halves
/// can be asked for alone: what is posted to <see cref="VerifiedPath"/> is verified and not stored, and
/// <see cref="StoreAsync"/> stores what came by no wire.
/// </summary>
internal sealed class BareEndpoint : IAsyncDisposable
{
    /// <summary>Where a body is verified and answered, and stored nowhere.</summary>
    public const string VerifiedPath = "/verified";

    private const int MostInBatch = 500;
    private const int Writers = 2;

    private readonly Channel<(byte[] Body, TaskCompletionSource Done)> queue = Channel.CreateUnbounded<(byte[], TaskCompletionSource)>();
    private readonly NpgsqlDataSource source;
    private readonly WebApplication app;
    private Task writing = Task.CompletedTask;

    private BareEndpoint(string connectionString)
    {
        source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { MaxAutoPrepare = 4 }.ConnectionString);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.Run(HandleAsync);
    }

    public Uri Address => new(app.Urls.First());

    public static async Task<BareEndpoint> StartAsync(string connectionString, CancellationToken ct)
    {
        var endpoint = new BareEndpoint(connectionString);
        using var create = endpoint.source.CreateCommand(
            "CREATE TABLE bare_webhooks (event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body bytea COMPRESSION lz4)");
        await create.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        endpoint.writing = Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => Task.Run(endpoint.WriteAsync, ct)));
        await endpoint.app.StartAsync(ct).ConfigureAwait(false);
        return endpoint;
    }

    /// <summary>Stores a body with all that wait; returns after its commit.</summary>
    public Task StoreAsync(byte[] body)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        queue.Writer.TryWrite((body, done));
        return done.Task;
    }

    public async Task<long> StoredAsync(CancellationToken ct)
    {
        using var count = source.CreateCommand("SELECT count(*) FROM bare_webhooks");
        return (long)(await count.ExecuteScalarAsync(ct).ConfigureAwait(false))!;
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync().ConfigureAwait(false);
        queue.Writer.TryComplete();
        await writing.ConfigureAwait(false);
        await source.DisposeAsync().ConfigureAwait(false);
    }

    private async Task HandleAsync(HttpContext context)
    {
        var body = new byte[(int)context.Request.ContentLength!.Value];
        await context.Request.Body.ReadExactlyAsync(body, context.RequestAborted).ConfigureAwait(false);
        var expected = HMACSHA256.HashData(Encoding.UTF8.GetBytes(ProductStand.ClientSecret), body);
        if (!CryptographicOperations.FixedTimeEquals(expected, Convert.FromBase64String(context.Request.Headers["X-Shopify-Hmac-Sha256"].ToString())))
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }

        if (context.Request.Path != VerifiedPath)
        {
            await StoreAsync(body).ConfigureAwait(false);
        }

        context.Response.ContentLength = 0;
    }

    private async Task WriteAsync()
    {
        var batch = new List<(byte[] Body, TaskCompletionSource Done)>();
        while (await queue.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (batch.Count < MostInBatch && queue.Reader.TryRead(out var waiting))
            {
                batch.Add(waiting);
            }

            if (batch.Count == 0)
            {
                continue; // The other writer was faster.
            }

            using var insert = source.CreateCommand("INSERT INTO bare_webhooks (body) SELECT * FROM unnest($1::bytea[])");
            insert.Parameters.Add(new NpgsqlParameter<byte[][]> { TypedValue = [.. batch.Select(b => b.Body)] });
            await insert.ExecuteNonQueryAsync().ConfigureAwait(false);
            batch.ForEach(b => b.Done.TrySetResult());
            batch.Clear();
        }
    }
}
