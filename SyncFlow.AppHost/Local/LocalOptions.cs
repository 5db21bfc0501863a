using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;

namespace SyncFlow.AppHost.Local;

/// <summary>What the command line asks of a local run.</summary>
/// <param name="RunFor">How long buyers buy before the run ends by itself; null runs until it is stopped.</param>
/// <param name="Clean">Throw away what an earlier run kept.</param>
/// <param name="Sandbox">Start the simulated stores and let buyers loose.</param>
/// <param name="OrdersPerSecond">How many orders a second the buyers place.</param>
/// <param name="Mode">How the sandbox's SKUs are shared: shared, guard or adaptive; null leaves them as they are, adaptive at first.</param>
/// <param name="ApiPort">The API's port; null takes 5080, or a free one where that is taken.</param>
/// <param name="DataFolder">Where the run keeps everything; null takes <c>.syncflow</c> in the checkout.</param>
/// <param name="App">Connect new stores by the app's install instead of custom-app tokens.</param>
/// <param name="Sources">Whether the sandbox has an ERP, a WMS, tills and a 3PL, too.</param>
internal sealed record LocalOptions(
    TimeSpan? RunFor, bool Clean, bool Sandbox, double OrdersPerSecond, string? Mode, int? ApiPort, string? DataFolder, bool App = false,
    bool Sources = false)
{
    public const double DefaultOrdersPerSecond = 20;

    private const double MostOrdersPerSecond = 10_000;

    private static readonly TimeSpan LongestRun = TimeSpan.FromDays(7);

    /// <summary>The command line's definition; <paramref name="run"/> is called with what it asks.</summary>
    public static RootCommand Command(Func<LocalOptions, Task<int>> run)
    {
        var runFor = new Option<TimeSpan?>("--for")
        {
            Description = "End by itself after this time (60s, 5m, 1h), wait until everything is settled, print a summary.",
            HelpName = "time",
            CustomParser = ParseDuration,
        };
        var clean = new Option<bool>("--clean") { Description = "Start afresh: delete all data of earlier runs." };
        var noSandbox = new Option<bool>("--no-sandbox") { Description = "Run the service alone, for real credentials." };
        var rate = new Option<double>("--rate")
        {
            Description = "Orders a second that the sandbox's buyers place.",
            HelpName = "orders",
            DefaultValueFactory = _ => DefaultOrdersPerSecond,
            CustomParser = argument => ParseNumber(argument, "--rate", MostOrdersPerSecond) ?? 0,
        };
        var mode = new Option<string?>("--mode")
        {
            Description = "How the sandbox's stores share stock (adaptive; a later start keeps what the one before it had).",
            HelpName = "shared|guard|adaptive",
        };
        mode.AcceptOnlyFromAmong("shared", "guard", "adaptive");
        var app = new Option<bool>("--app")
        {
            Description = "Connect the sandbox's stores by installing the app (token exchange, access that expires) and joining by invitation.",
        };
        var sources = new Option<bool>("--sources")
        {
            Description = "Give the sandbox an ERP, a WMS, tills and a 3PL as well; they begin with an empty data folder.",
        };
        var port = new Option<int?>("--port")
        {
            Description = "Port of the API (5080, or a free one).",
            HelpName = "number",
            CustomParser = argument => (int?)ParseNumber(argument, "--port", IPEndPoint.MaxPort, whole: true),
        };
        var data = new Option<string?>("--data")
        {
            Description = "Folder for databases, secrets and logs (.syncflow in the checkout); empty or one of an earlier run.",
            HelpName = "folder",
        };

        var command = new RootCommand("Runs SyncFlow on this machine: PostgreSQL, Redis, the services and a sandbox of stores.")
        {
            runFor, clean, noSandbox, rate, mode, app, sources, port, data,
        };
        command.SetAction(parsed => run(new LocalOptions(
            parsed.GetValue(runFor),
            parsed.GetValue(clean),
            !parsed.GetValue(noSandbox),
            parsed.GetValue(rate),
            parsed.GetValue(mode),
            parsed.GetValue(port),
            parsed.GetValue(data),
            parsed.GetValue(app),
            parsed.GetValue(sources))));
        return command;
    }

    /// <summary>Reads a time such as <c>90s</c>, <c>5m</c>, <c>1h</c> or <c>1m30s</c>.</summary>
    internal static bool TryParseDuration(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        var rest = text.AsSpan();
        while (!rest.IsEmpty)
        {
            var unit = rest.IndexOfAnyExceptInRange('0', '9');
            if (unit <= 0 || !int.TryParse(rest[..unit], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                return false;
            }

            var secondsPerUnit = rest[unit] switch
            {
                's' => 1L,
                'm' => 60L,
                'h' => 3600L,
                _ => 0L,
            };
            var seconds = number * secondsPerUnit;
            if (secondsPerUnit == 0 || seconds > LongestRun.TotalSeconds)
            {
                return false;
            }

            duration += TimeSpan.FromSeconds(seconds);
            rest = rest[(unit + 1)..];
        }

        return duration > TimeSpan.Zero && duration <= LongestRun;
    }

    private static TimeSpan? ParseDuration(ArgumentResult argument)
    {
        var text = argument.Tokens.Count == 1 ? argument.Tokens[0].Value : "";
        if (TryParseDuration(text, out var duration))
        {
            return duration;
        }

        argument.AddError($"--for takes a time such as 60s, 5m or 1h (at most 7 days), not '{text}'.");
        return null;
    }

    private static double? ParseNumber(ArgumentResult argument, string option, double most, bool whole = false)
    {
        var text = argument.Tokens.Count == 1 ? argument.Tokens[0].Value : "";
        var style = whole ? NumberStyles.None : NumberStyles.AllowDecimalPoint;
        if (double.TryParse(text, style, CultureInfo.InvariantCulture, out var value) && value > 0 && value <= most)
        {
            return value;
        }

        argument.AddError($"{option} takes a number above 0 and at most {most.ToString("0", CultureInfo.InvariantCulture)}, not '{text}'.");
        return null;
    }
}
