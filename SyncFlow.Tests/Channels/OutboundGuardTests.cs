using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Shouldly;
using SyncFlow.Channels.Http;
using Xunit;

namespace SyncFlow.Tests.Channels;

public sealed class OutboundGuardTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("23.227.38.65", true)]
    [InlineData("2606:4700::1", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.16.0.1", false)]
    [InlineData("172.32.0.1", true)]
    [InlineData("192.168.1.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("::1", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("::ffff:169.254.169.254", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fd00::1", false)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("255.255.255.255", false)]
    public void An_address_of_the_own_network_is_told_from_a_public_one(string address, bool isPublic)
    {
        OutboundGuard.IsPublic(IPAddress.Parse(address)).ShouldBe(isPublic);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    [InlineData("[::1]")]
    public async Task A_call_into_the_own_network_is_never_made_by_number_or_by_name(string host)
    {
        var calls = 0;
        await using var server = await ServerAsync(context =>
        {
            calls++;
            return context.Response.WriteAsync("inside", Ct);
        });
        using var client = new HttpClient(OutboundGuard.CreateHandler(allowInside: false));
        var refused = await Should.ThrowAsync<HttpRequestException>(() => client.GetAsync(new Uri($"http://{host}:{PortOf(server)}/"), Ct));
        refused.Message.ShouldContain("own network");
        calls.ShouldBe(0);
    }

    [Fact]
    public async Task With_the_sandbox_on_it_is_made_but_a_redirect_is_not_followed()
    {
        await using var server = await ServerAsync(context =>
        {
            context.Response.Redirect("/elsewhere");
            return Task.CompletedTask;
        });
        using var client = new HttpClient(OutboundGuard.CreateHandler(allowInside: true));
        using var answer = await client.GetAsync(new Uri($"http://127.0.0.1:{PortOf(server)}/"), Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.Redirect);
    }

    private static int PortOf(WebApplication server) => new Uri(server.Urls.First()).Port;

    private static async Task<WebApplication> ServerAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = builder.Build();
        server.Run(answer);
        await server.StartAsync(Ct);
        return server;
    }
}
