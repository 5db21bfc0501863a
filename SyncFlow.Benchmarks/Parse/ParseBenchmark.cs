using System.Text.Json;
using SyncFlow.Benchmarks.Support;
using SyncFlow.Channels;

namespace SyncFlow.Benchmarks.Parse;

/// <summary>
/// What it takes to understand a body: from its bytes to facts, on one thread, against a walk over the tokens of the same
/// bytes that keeps nothing, in turns. What was understood is compared with what the bodies were made to say.
/// </summary>
internal static class ParseBenchmark
{
    private const int Rounds = 9;

    /// <summary>Bytes that a round goes through for each kind, so that none is over before the clock is fine enough.</summary>
    private const int BytesPerRound = 24_000_000;

    private static long tokens;

    public static Task RunAsync(Results results, BenchOptions options, TimeProvider time, CancellationToken ct)
    {
        Run(results, time, ct);
        return Task.CompletedTask;
    }

    public static void Run(Results results, TimeProvider time, CancellationToken ct)
    {
        foreach (var (kind, samples) in ParseSamples.Draw())
        {
            Check(kind, samples);
            var size = samples.Average(s => s.Event.Body.Length);
            var passes = (int)Math.Max(5, BytesPerRound / size / samples.Count / (size < 1_000 ? 5 : 1));
            var (own, bare) = (new List<double>(), new List<double>());
            for (var round = 0; round < Rounds; round++)
            {
                ct.ThrowIfCancellationRequested();
                own.Add(Microseconds(samples, passes, e => Normalisers.Normalise(e), time));
                bare.Add(Microseconds(samples, passes, Walk, time));
            }

            var before = GC.GetAllocatedBytesForCurrentThread();
            samples.ForEach(s => Normalisers.Normalise(s.Event));
            var allocated = (GC.GetAllocatedBytesForCurrentThread() - before) / samples.Count;

            results.Add($"parse.{kind}.body_bytes", Math.Round(size), "bytes");
            results.Add($"parse.{kind}.us_per_webhook", Median(own), "us");
            results.Add($"parse.{kind}.bare_us_per_webhook", Median(bare), "us");
            results.Add($"parse.{kind}.to_bare", Median(own.Zip(bare, (o, b) => o / b)), "ratio");
            results.Add($"parse.{kind}.bytes_per_webhook", allocated, "bytes");
        }
    }

    private static void Check(string kind, List<ParseSample> samples)
    {
        foreach (var (e, expected) in samples)
        {
            var found = FactText.Of(Normalisers.Normalise(e));
            if (found != expected)
            {
                throw new CheckFailedException($"parse: a body of kind {kind} was understood as\n{found}\nbut says\n{expected}");
            }
        }
    }

    private static double Microseconds(List<ParseSample> samples, int passes, Action<InboundEvent> read, TimeProvider time)
    {
        var started = time.GetTimestamp();
        for (var pass = 0; pass < passes; pass++)
        {
            foreach (var sample in samples)
            {
                read(sample.Event);
            }
        }

        return time.GetElapsedTime(started).TotalMicroseconds / passes / samples.Count;
    }

    private static void Walk(InboundEvent e)
    {
        var reader = new Utf8JsonReader(e.Body.Span);
        while (reader.Read())
        {
            tokens++;
        }
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }
}
