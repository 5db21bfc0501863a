using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Shouldly;
using SyncFlow.ServiceDefaults;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.ServiceDefaults;

public sealed class ParentWatchTests
{
    [Fact]
    public async Task A_process_ends_when_the_one_that_started_it_is_gone()
    {
        using var parent = Process.Start("sleep", "60");
        using var host = await StartAsync(parent.Id.ToString(CultureInfo.InvariantCulture));
        var stopping = host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        stopping.IsCancellationRequested.ShouldBeFalse();

        parent.Kill();
        await Waits.UntilAsync(() => stopping.IsCancellationRequested, "the host to stop");
    }

    [Fact]
    public async Task Without_a_parent_named_it_goes_on()
    {
        using var host = await StartAsync(null);
        host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested.ShouldBeFalse();
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    private static async Task<IHost> StartAsync(string? pid)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "test" });
        builder.Configuration["SyncFlow:ParentPid"] = pid;
        builder.AddServiceDefaults();
        builder.Logging.ClearProviders();
        var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        return host;
    }
}
