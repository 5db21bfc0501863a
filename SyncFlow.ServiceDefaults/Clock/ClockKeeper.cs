using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace SyncFlow.ServiceDefaults.Clock;

/// <summary>
/// Asks the database for its time: before anything else is done on the first connection of this process, and then every ten
/// seconds. Says once when this host's clock is off, and when the database's was set.
/// </summary>
internal sealed partial class ClockKeeper(NpgsqlDataSource source, TimeProvider time, ILogger<ClockKeeper> log)
    : BackgroundService, IHostedLifecycleService
{
    public static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(10);

    /// <summary>From here on a clock is off; it is right again at half of it, so that one on the edge is not told of for ever.</summary>
    public static readonly TimeSpan Off = TimeSpan.FromSeconds(1);

    private const string Question = "SELECT clock_timestamp()";

    /// <summary>Questions to begin with, of which the one with the shortest way counts: the first one takes longer than others.</summary>
    private const int FirstQuestions = 3;

    /// <summary>A process starts without its database too, so that it can say that it is not ready.</summary>
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(5);

    private static readonly Meter Meter = new("SyncFlow.Clock");

    private static readonly Gauge<double> HostOffset = Meter.CreateGauge<double>(
        "syncflow.clock.host_offset", "s", "The host's clock less the database's");

    private bool _isOff;
    private bool _isAway;

    /// <summary>
    /// Sets a clock on a connection that has just been made: nothing is done with the database in another time than its own,
    /// whenever it came.
    /// </summary>
    public static async Task BeginAsync(DatabaseClock clock, NpgsqlConnection connection)
    {
        if (clock.IsSet)
        {
            return;
        }

        var best = await AskAsync(clock, connection, CancellationToken.None).ConfigureAwait(false);
        for (var more = 1; more < FirstQuestions; more++)
        {
            var next = await AskAsync(clock, connection, CancellationToken.None).ConfigureAwait(false);
            best = next.AnsweredAt - next.AskedAt < best.AnsweredAt - best.AskedAt ? next : best;
        }

        clock.Learn(best);
    }

    /// <summary>Before any other part of the process begins to work.</summary>
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(LongestStart);
        await TryLookAsync(patience.Token, cancellationToken).ConfigureAwait(false);
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Asks once, and looks at what follows from the answer.</summary>
    internal async Task TryLookAsync(CancellationToken patience, CancellationToken stop)
    {
        if (time is not DatabaseClock clock)
        {
            return;
        }

        try
        {
            await using var connection = await source.OpenConnectionAsync(patience).ConfigureAwait(false);
            var leap = clock.Learn(await AskAsync(clock, connection, patience).ConfigureAwait(false));
            _isAway = false;
            if (leap.Duration() > Off)
            {
                Leapt(log, leap.TotalSeconds);
            }

            Judge(clock);
        }
        catch (Exception failure) when (!stop.IsCancellationRequested)
        {
            if (!_isAway)
            {
                Away(log, failure, clock.IsSet ? "it goes on by this host's count" : "it is this host's until the database answers");
            }

            _isAway = true; // The job boundary: asked again at the next tick.
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (time is not DatabaseClock)
        {
            return; // A clock that a test, or whoever composed the process, handed in.
        }

        using var timer = new PeriodicTimer(AskEvery, time);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
        {
            await TryLookAsync(stoppingToken, stoppingToken).ConfigureAwait(false);
        }
    }

    private void Judge(DatabaseClock clock)
    {
        var off = clock.Host.GetUtcNow() - clock.GetUtcNow();
        HostOffset.Record(off.TotalSeconds);
        if (!_isOff && off.Duration() > Off)
        {
            HostIsOff(log, off.TotalSeconds);
            _isOff = true;
        }
        else if (_isOff && off.Duration() < Off / 2)
        {
            HostIsRight(log);
            _isOff = false;
        }
    }

    private static async Task<ClockSample> AskAsync(DatabaseClock clock, NpgsqlConnection connection, CancellationToken ct)
    {
        using var command = new NpgsqlCommand(Question, connection);
        var asked = clock.GetTimestamp();
        var told = (DateTime)(await command.ExecuteScalarAsync(ct).ConfigureAwait(false))!;
        return new ClockSample(told, asked, clock.GetTimestamp());
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "This host's clock is {Seconds:0.0} s ahead of the database's (behind, where negative). Nothing that is stored goes by it; logs and other programs do: set it right.")]
    private static partial void HostIsOff(ILogger log, double seconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "This host's clock is right again.")]
    private static partial void HostIsRight(ILogger log);

    [LoggerMessage(Level = LogLevel.Error, Message = "The database's clock is {Seconds:0.0} s ahead of where it was to be (behind, where negative): it was set, another server answers, or this host stood still.")]
    private static partial void Leapt(ILogger log, double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database was not asked for its time; {What}.")]
    private static partial void Away(ILogger log, Exception failure, string what);
}
