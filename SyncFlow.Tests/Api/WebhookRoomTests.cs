using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using SyncFlow.Api.Webhooks;
using SyncFlow.Storage.Inbox;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

/// <summary>Memory for bodies is bounded before they are read, and a stranger takes none of what is a shop's own.</summary>
public sealed class WebhookRoomTests(PostgresFixture postgres, RedisFixture redis)
{
    private const int Large = 4 << 20;

    private static readonly ReadingLimits Limits = ReadingLimits.Default with { Patience = TimeSpan.FromMinutes(1), Longest = TimeSpan.FromMinutes(1) };

    [Fact]
    public async Task A_full_inbox_answers_429_with_Retry_After_and_does_not_wait_for_the_body()
    {
        var gate = new TaskCompletionSource();
        await using var app = await StartAsync(Limits, services => services.AddSingleton(new GroupCommitInbox<InboxEvent>(
            (_, _) => gate.Task, stored => stored.Body.Length, GroupCommitLimits.Default with { OwnerEvents = 1 }, stored => stored.Tenant.Value)));
        await app.ConnectAsync();
        var first = app.WebhookAsync("{}", "1");
        var tenant = await TenantAsync(app);
        await Waits.UntilAsync(() => !Inbox(app).HasRoom(tenant, 1), "the first waits");

        using var sender = await Sender.StartAsync(app, 6_000, sent: 0);
        var answer = await sender.AnswerAsync();
        answer.ShouldStartWith("HTTP/1.1 429 ");
        answer.ShouldContain("\r\nRetry-After: 2\r\n");
        answer.ShouldContain("\r\nX-Content-Type-Options: nosniff\r\n");
        answer.ShouldContain("https://syncflow.dev/problems/inbox-full");
        gate.SetResult();
        ((int)(await first).StatusCode).ShouldBe(200);
        ((int)(await app.WebhookAsync("{}", "2")).StatusCode).ShouldBe(200);
    }

    [Fact]
    public async Task Slow_large_bodies_are_bounded_and_keep_no_usual_one_out()
    {
        await using var app = await StartAsync(Limits);
        await app.ConnectAsync();
        var room = app.Services.GetRequiredService<ReadingRoom>();
        var senders = new List<Sender>();
        try
        {
            for (var i = 0; i < 3; i++)
            {
                senders.Add(await Sender.StartAsync(app, Large, sent: 1_000));
                await Waits.UntilAsync(() => room.Taken == (i + 1) * Large, "it is being read");
            }

            for (var i = 0; i < 40; i++)
            {
                senders.Add(await Sender.StartAsync(app, Large, sent: 1_000));
                var answer = await senders[^1].AnswerAsync();
                answer.ShouldStartWith("HTTP/1.1 429 ");
                answer.ShouldContain("\r\nRetry-After: ");
            }

            room.Taken.ShouldBe(3 * Large);
            ((int)(await app.WebhookAsync("{}", "1")).StatusCode).ShouldBe(200);
            using var usual = await Sender.StartAsync(app, 6_000, sent: 0);
            await Waits.UntilAsync(() => room.Taken > 3 * Large, "a usual one that comes in pieces has room too");
            await usual.SendAsync(6_000);
            (await usual.AnswerAsync()).ShouldStartWith("HTTP/1.1 200 ");
        }
        finally
        {
            senders.ForEach(sender => sender.Dispose());
        }

        await Waits.UntilAsync(() => room.Taken == 0, "who hung up has no room any more");
        (await app.InboxCountAsync()).ShouldBe(2);
    }

    [Fact]
    public async Task A_body_that_takes_too_long_is_sent_away_and_its_room_is_free()
    {
        await using var app = await StartAsync(Limits with { Longest = TimeSpan.FromMilliseconds(200) });
        await app.ConnectAsync();
        using var sender = await Sender.StartAsync(app, Large, sent: 1_000);
        (await sender.AnswerAsync()).ShouldStartWith("HTTP/1.1 408 ");
        app.Services.GetRequiredService<ReadingRoom>().Taken.ShouldBe(0);
    }

    [Fact]
    public async Task A_body_that_keeps_others_out_for_long_makes_room()
    {
        await using var app = await StartAsync(Limits with { OwnerBytes = 6 << 20, Patience = TimeSpan.FromMilliseconds(100) });
        await app.ConnectAsync();
        using var slow = await Sender.StartAsync(app, Large, sent: 1_000);
        await Waits.UntilAsync(() => app.Services.GetRequiredService<ReadingRoom>().Taken > 0, "it is being read");
        await Task.Delay(150, TestContext.Current.CancellationToken);
        using var next = await Sender.StartAsync(app, Large, sent: 1_000);
        (await slow.AnswerAsync()).ShouldStartWith("HTTP/1.1 429 ");
        await next.SendAsync(Large - 1_000);
        (await next.AnswerAsync()).ShouldStartWith("HTTP/1.1 200 ");
    }

    [Fact]
    public async Task Bad_signatures_take_nothing_of_the_shops_own_room()
    {
        var gate = new TaskCompletionSource();
        await using var app = await StartAsync(Limits, services => services.AddSingleton(new GroupCommitInbox<InboxEvent>(
            (_, _) => gate.Task, stored => stored.Body.Length, GroupCommitLimits.Default with { OwnerEvents = 2 }, stored => stored.Tenant.Value)));
        await app.ConnectAsync();
        var first = app.WebhookAsync("{}", "1");
        var body = new string(' ', 1 << 20);
        var forged = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => app.WebhookAsync(body, $"f{i}", hmac: Convert.ToBase64String(new byte[32]))));
        forged.ShouldAllBe(answer => (int)answer.StatusCode == 401 || (int)answer.StatusCode == 429);
        forged.ShouldContain(answer => (int)answer.StatusCode == 401);
        app.Services.GetRequiredService<ReadingRoom>().Taken.ShouldBe(0);
        var second = app.WebhookAsync("{}", "2");
        var tenant = await TenantAsync(app);
        await Waits.UntilAsync(() => !Inbox(app).HasRoom(tenant, 1), "both genuine ones are taken");
        gate.SetResult();
        ((int)(await first).StatusCode).ShouldBe(200);
        ((int)(await second).StatusCode).ShouldBe(200);
    }

    [Fact]
    public async Task A_stored_webhook_is_answered_as_every_request()
    {
        await using var app = await StartAsync(Limits);
        await app.ConnectAsync();
        using var stored = await app.WebhookAsync("{}", "1");
        using var health = await app.Client.GetAsync("/health");
        string[] Told(HttpResponseMessage answer) => [.. answer.Headers.Concat(answer.Content.Headers)
            .Where(header => header.Key is not ("Date" or "Content-Type" or "Content-Length" or "Transfer-Encoding"))
            .Select(header => $"{header.Key}: {string.Join(' ', header.Value)}").Order(StringComparer.Ordinal)];
        Told(stored).ShouldContain("X-Content-Type-Options: nosniff");
        Told(stored).ShouldContain("Cache-Control: no-store");
        Told(stored).Where(header => !header.StartsWith("Pragma", StringComparison.Ordinal) && !header.StartsWith("Expires", StringComparison.Ordinal))
            .ShouldBe(Told(health).Where(header => !header.StartsWith("Pragma", StringComparison.Ordinal) && !header.StartsWith("Expires", StringComparison.Ordinal)));
        stored.Content.Headers.ContentLength.ShouldBe(0);
    }

    [Theory]
    [InlineData("/Webhooks/Shopify", "application/json", 200)]
    [InlineData("/webhooks/shopify", "application/json; charset=utf-8", 200)]
    [InlineData("/webhooks/shopify", "text/plain", 415)]
    public async Task What_is_spelled_otherwise_goes_the_long_way_and_is_answered_alike(string path, string type, int status)
    {
        await using var app = await StartAsync(Limits);
        await app.ConnectAsync();
        using var sender = await Sender.StartAsync(app, 100, sent: 100, path, type);
        (await sender.AnswerAsync()).ShouldStartWith($"HTTP/1.1 {status} ");
        (await app.InboxCountAsync()).ShouldBe(status == 200 ? 1 : 0);
    }

    private static Task<long> TenantAsync(ApiApp app) => app.SqlAsync<long>("SELECT tenant_id FROM connections");

    private static GroupCommitInbox<InboxEvent> Inbox(ApiApp app) => app.Services.GetRequiredService<GroupCommitInbox<InboxEvent>>();

    private async Task<ApiApp> StartAsync(ReadingLimits limits, Action<IServiceCollection>? more = null) => await ApiApp.StartAsync(
        await postgres.CreateDatabaseAsync(), await redis.ConfigurationAsync(), builder =>
        {
            builder.Services.AddSingleton(new ReadingRoom(limits, TimeProvider.System));
            more?.Invoke(builder.Services);
        });

    /// <summary>One connection that declares a body of blanks and sends it when it is told to.</summary>
    private sealed class Sender : IDisposable
    {
        private static int numbers;

        private readonly TcpClient client = new();

        public static async Task<Sender> StartAsync(ApiApp app, int length, int sent, string path = ReceiveShopifyWebhook.Path, string type = "application/json")
        {
            var sender = new Sender();
            var address = app.Client.BaseAddress!;
            await sender.client.ConnectAsync(address.Host, address.Port);
            var signature = HMACSHA256.HashData(Encoding.UTF8.GetBytes(ApiApp.Secret), Blanks(length));
            await sender.client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(string.Create(
                CultureInfo.InvariantCulture,
                $"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {type}\r\nContent-Length: {length}\r\nX-Shopify-Topic: orders/create\r\n" +
                $"X-Shopify-Shop-Domain: {ApiApp.Shop}\r\nX-Shopify-Webhook-Id: s{Interlocked.Increment(ref numbers)}\r\n" +
                $"X-Shopify-Hmac-Sha256: {Convert.ToBase64String(signature)}\r\n\r\n")));
            await sender.SendAsync(sent);
            return sender;
        }

        public async Task SendAsync(int bytes) => await client.GetStream().WriteAsync(Blanks(bytes));

        /// <summary>What is answered, head and the beginning of the body.</summary>
        public async Task<string> AnswerAsync()
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            var answer = new byte[4_096];
            var length = 0;
            do
            {
                var read = await client.GetStream().ReadAsync(answer.AsMemory(length), limit.Token);
                length += read > 0 ? read : throw new IOException("The server hung up.");
            }
            while (!Whole(Encoding.ASCII.GetString(answer, 0, length)));
            return Encoding.ASCII.GetString(answer, 0, length);
        }

        public void Dispose() => client.Dispose();

        private static bool Whole(string answer) =>
            answer.Contains("Content-Length: 0\r\n", StringComparison.Ordinal) ? answer.Contains("\r\n\r\n", StringComparison.Ordinal) : answer.Contains('}');

        private static byte[] Blanks(int length)
        {
            var bytes = new byte[length];
            Array.Fill(bytes, (byte)' ');
            return bytes;
        }
    }
}
