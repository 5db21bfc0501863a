using System.Diagnostics.Metrics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Shouldly;
using SyncFlow.Api;
using SyncFlow.ServiceDefaults;
using SyncFlow.ServiceDefaults.Clock;
using SyncFlow.ServiceDefaults.Postgres;
using SyncFlow.Tests.Support;
using SyncFlow.Worker;
using Xunit;

namespace SyncFlow.Tests.ServiceDefaults.Clock;

/// <summary>Processes as they are composed, with a host whose clock is off.</summary>
public sealed class ClockKeeperTests(PostgresFixture postgres) : IDisposable
{
    private const string Nowhere = "Host=127.0.0.1;Port=1;Username=nobody;Timeout=2";

    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private static readonly TimeSpan Near = TimeSpan.FromMilliseconds(200);

    private readonly LogCapture _log = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task A_process_goes_by_the_databases_time_from_its_start_and_says_once_that_its_hosts_is_off(int hours)
    {
        var offsets = new List<double>();
        using var listener = Listen(offsets);
        using var host = Build(await DatabaseAsync(), new ShiftedClock(hours * Hour));
        await host.StartAsync(Ct);

        var time = host.Services.GetRequiredService<TimeProvider>();
        (time.GetUtcNow() - TimeProvider.System.GetUtcNow()).Duration().ShouldBeLessThan(Near, "the database runs on this machine");
        var keeper = host.Services.GetServices<IHostedService>().OfType<ClockKeeper>().ShouldHaveSingleItem();
        await keeper.TryLookAsync(Ct, Ct);
        await keeper.TryLookAsync(Ct, Ct);
        Said("This host's clock is").ShouldBe(1);
        _log.Text.ShouldContain($"This host's clock is {3600.0 * hours:0.0} s");
        lock (offsets)
        {
            offsets.Count(seconds => Math.Abs(seconds - (3600.0 * hours)) < 0.2).ShouldBeGreaterThanOrEqualTo(3, "each look is measured");
        }
    }

    [Fact]
    public async Task Whatever_is_done_first_with_the_database_finds_the_clock_set()
    {
        using var host = Build(await DatabaseAsync(), new ShiftedClock(Hour));
        var clock = host.Services.GetRequiredService<DatabaseClock>();
        await using var source = host.Services.GetRequiredService<NpgsqlDataSource>();
        clock.IsSet.ShouldBeFalse();
        await using (var connection = await source.OpenConnectionAsync(Ct))
        {
            (clock.GetUtcNow() - TimeProvider.System.GetUtcNow()).Duration().ShouldBeLessThan(Near);
        }
    }

    [Fact]
    public async Task A_process_whose_database_is_away_starts_and_says_so_once()
    {
        using var host = Build(Nowhere, new ShiftedClock(Hour));
        await host.StartAsync(Ct);
        var clock = host.Services.GetRequiredService<DatabaseClock>();
        clock.IsSet.ShouldBeFalse();
        await host.Services.GetServices<IHostedService>().OfType<ClockKeeper>().Single().TryLookAsync(Ct, Ct);
        Said("The database was not asked").ShouldBe(1);
        _log.Text.ShouldContain("it is this host's until the database answers");
    }

    [Fact]
    public async Task A_database_whose_clock_was_set_is_told_of()
    {
        using var host = Build(await DatabaseAsync(), TimeProvider.System);
        var clock = host.Services.GetRequiredService<DatabaseClock>();
        var count = clock.GetTimestamp();
        clock.Learn(new ClockSample(TimeProvider.System.GetUtcNow() - Hour, count, count));
        await host.StartAsync(Ct);
        Said("Error SyncFlow.ServiceDefaults.Clock.ClockKeeper The database's clock is 3600.0 s ahead").ShouldBe(1);
        (clock.GetUtcNow() - TimeProvider.System.GetUtcNow()).Duration().ShouldBeLessThan(Near);
    }

    [Fact]
    public async Task A_clock_that_is_handed_in_is_the_process_s_and_nobody_asks_the_database()
    {
        var mine = new TestClock();
        using var host = Build(await DatabaseAsync(), TimeProvider.System, services => services.AddSingleton<TimeProvider>(mine));
        await host.StartAsync(Ct);
        host.Services.GetRequiredService<TimeProvider>().ShouldBeSameAs(mine);
        await using var source = host.Services.GetRequiredService<NpgsqlDataSource>();
        await using (var connection = await source.OpenConnectionAsync(Ct))
        {
            host.Services.GetRequiredService<DatabaseClock>().IsSet.ShouldBeFalse();
        }
    }

    [Fact]
    public async Task Api_and_worker_go_by_it()
    {
        var settings = new Dictionary<string, string?> { ["ConnectionStrings:syncflow"] = Nowhere, ["ConnectionStrings:redis"] = "127.0.0.1:1" };
        await using var api = ApiHost.Build([], builder => builder.Configuration.AddInMemoryCollection(settings));
        await using var worker = WorkerHost.Build([], builder => builder.Configuration.AddInMemoryCollection(settings));
        api.Services.GetRequiredService<TimeProvider>().ShouldBeOfType<DatabaseClock>();
        worker.Services.GetRequiredService<TimeProvider>().ShouldBeOfType<DatabaseClock>();
    }

    public void Dispose() => _log.Dispose();

    private async Task<string> DatabaseAsync()
    {
        var database = await postgres.CreateDatabaseAsync();
        await TestRoles.EnsureAsync(database);
        return database;
    }

    private IHost Build(string database, TimeProvider machine, Action<IServiceCollection>? more = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "test" });
        builder.Configuration["ConnectionStrings:syncflow"] = database;
        builder.AddServiceDefaults().AddSyncFlowPostgres(PostgresRole.Api).AddSyncFlowPostgres(PostgresRole.Ingest);
        builder.Logging.ClearProviders().AddProvider(_log);
        builder.Services.AddSingleton(new DatabaseClock(machine));
        more?.Invoke(builder.Services);
        return builder.Build();
    }

    private int Said(string what) => _log.Text.Split('\n').Count(line => line.Contains(what, StringComparison.Ordinal));

    private static MeterListener Listen(List<double> offsets)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Name == "syncflow.clock.host_offset")
                {
                    listening.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((_, seconds, _, _) =>
        {
            lock (offsets)
            {
                offsets.Add(seconds);
            }
        });
        listener.Start();
        return listener;
    }
}
