using System.Globalization;
using System.Net;
using System.Text;
using Shouldly;
using SyncFlow.Tests.Support;
using SyncFlow.Tests.Worker.SourcePulls;
using Xunit;

namespace SyncFlow.Tests.Api.StockSources;

/// <summary>One history, told in four ways, each with repeats, overlap and parts of it told by another way too: one ledger.</summary>
public sealed class SameHistoryTests(PostgresFixture postgres, RedisFixture redis)
{
    private const int Moves = 60;

    private const string Ledger =
        """
        SELECT string_agg(split_part(l.fact_key, ':', 3) || ' ' || s.code || ' ' || p.code || ' ' || l.bucket || ' ' || l.delta || ' ' || l.occurred_at, ', '
          ORDER BY split_part(l.fact_key, ':', 3)) || ' = ' ||
          (SELECT string_agg(k.code || ' ' || o.code || ' ' || n.on_hand, ', ' ORDER BY k.code, o.code)
           FROM positions n JOIN skus k USING (tenant_id, sku_id) JOIN locations o USING (tenant_id, location_id))
        FROM ledger_entries l JOIN skus s USING (tenant_id, sku_id) JOIN locations p USING (tenant_id, location_id)
        """;

    private static readonly DateTimeOffset Begin = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);

    private readonly Random _random = new(17);

    [Fact]
    public async Task The_same_history_pushed_pulled_filed_and_captured_gives_the_same_ledger()
    {
        var history = Enumerable.Range(1, Moves)
            .Select(n => new Move(n, _random.Next(3) == 0 ? "B" : "A", _random.Next(2) == 0 ? _random.Next(1, 30) : -_random.Next(1, 9))).ToList();
        var pushed = await PushedAsync(history);
        pushed.ShouldContain(FormattableString.Invariant($"A MAIN {history.Where(m => m.Sku == "A").Sum(m => m.Units)}"));
        pushed.Split(',').Length.ShouldBe(Moves + 1, "as many entries as moves, and a second position");
        (await FiledAsync(history)).ShouldBe(pushed);
        (await PulledAsync(history)).ShouldBe(pushed);
        (await CapturedAsync(history)).ShouldBe(pushed);
    }

    private async Task<string> PushedAsync(List<Move> history)
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        foreach (var batch in history.Concat(history.Take(20)).OrderBy(_ => _random.Next()).Chunk(25))
        {
            await PushAsync(stand, stand.Erp, "1000", batch);
        }

        return await stand.Api.SqlAsync<string>(Ledger);
    }

    private async Task<string> FiledAsync(List<Move> history)
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        await PushAsync(stand, stand.Erp, "1000", history.Skip(10).Take(10));
        foreach (var part in new[] { history.Take(40), history.Skip(30).Reverse(), history.Take(40) })
        {
            var text = new StringBuilder("id,type,sku,location,occurredAt,sequence,units\n");
            foreach (var move in part)
            {
                text.Append(CultureInfo.InvariantCulture, $"m{move.Number},movement,{move.Sku},1000,{At(move)},{move.Number},{move.Units}\n");
            }

            (await stand.UploadAsync("history/csv", Encoding.UTF8.GetBytes(text.ToString()))).Status.ShouldBe(HttpStatusCode.Accepted);
            await stand.FilesAsync();
        }

        return await stand.Api.SqlAsync<string>(Ledger);
    }

    private async Task<string> PulledAsync(List<Move> history)
    {
        await using var stand = await PullStand.OpenAsync(postgres, redis);
        await stand.SetAsync(pageSize: 7);
        await PushAsync(stand.Stand, stand.Source, "1000", history.Take(5));
        foreach (var move in history)
        {
            stand.Move(move.Number, move.Units, move.Sku);
            if (move.Number % 20 == 0)
            {
                await stand.RoundAsync();
            }
        }

        await stand.RoundAsync();
        return await stand.Stand.Api.SqlAsync<string>(Ledger);
    }

    private async Task<string> CapturedAsync(List<Move> history)
    {
        await using var stand = await CaptureStand.OpenAsync(postgres, redis, CaptureStand.Moves);
        await stand.MapAsync(new { id = "m{move_id}", type = "movement", sku = "{item}", location = "{site}", units = "{qty}", occurredAt = "{moved_at}" });
        await stand.CaptureAsync("public.moves");
        await PushAsync(stand.Stand, stand.Id, "X", history.Skip(25).Take(10));
        foreach (var part in history.Chunk(30))
        {
            var rows = part.Select(m => string.Create(CultureInfo.InvariantCulture, $"('{m.Sku}', 'X', '{m.Units}', '{At(m)}')"));
            await stand.ErpAsync("INSERT INTO moves (item, site, qty, moved_at) VALUES " + string.Join(", ", rows));
            await stand.ErpAsync("UPDATE moves SET note = 'seen'");
            await stand.StopWorkerAsync();
            await stand.StartWorkerAsync();
        }

        foreach (var sku in new[] { "A", "B" })
        {
            await stand.OnHandAsync(sku, "MAIN", history.Where(m => m.Sku == sku).Sum(m => m.Units));
        }

        await Waits.UntilAsync(async () => await stand.Api.SqlAsync<long>("SELECT count(*) FROM ledger_entries") == Moves, "all entries");
        return await stand.Api.SqlAsync<string>(Ledger);
    }

    private static async Task PushAsync(SourceStand stand, long source, string place, IEnumerable<Move> moves) => await stand.PushAsync(
        source,
        new
        {
            events = moves.Select(m => new
            {
                id = $"m{m.Number}",
                type = "movement",
                sku = m.Sku,
                location = place,
                units = m.Units,
                occurredAt = At(m),
                sequence = m.Number,
            }),
        });

    private static string At(Move move) => Begin.AddSeconds(move.Number).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    private sealed record Move(int Number, string Sku, int Units);
}
