using Npgsql;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Allocation;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Operations;
using SyncFlow.Storage.Oversells;
using SyncFlow.Storage.Preorders;
using SyncFlow.Storage.Requests;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Sources;
using SyncFlow.Storage.Work;

namespace SyncFlow.Storage.Stock;

/// <summary>Writes a working set: every table in one statement, all statements in one round trip.</summary>
internal static class StockWriter
{
    /// <summary>What became of a level; the narrower it is, the less is sent.</summary>
    private enum LevelChange
    {
        Any,
        Moved,
        Planned,
        Answered,
    }

    /// <summary>What is to be written; nothing is sent yet.</summary>
    /// <param name="first">Statements that come before those of the set, in the same round trip.</param>
    public static SetWrite Plan(
        StorageSession session, WorkingSet set, string cause, DateTimeOffset at, IReadOnlyList<NpgsqlBatchCommand> first)
    {
        var skus = set.ChangedSkus.ToList();
        var levels = ChangedLevels(set);
        var statements = new List<NpgsqlBatchCommand>(first);

        void Add<T>(IReadOnlyCollection<T> rows, Func<NpgsqlBatchCommand> statement)
        {
            if (rows.Count > 0)
            {
                statements.Add(statement());
            }
        }

        var movements = set.NewMovements.ToArray();
        statements.AddRange(FactWriter.Statements(session, set, at));
        var (moved, made) = PositionRows.Changed(set, skus);
        Add(moved, () => PositionRows.Update(session, moved));
        Add(made, () => PositionRows.Insert(session, made));
        Add(set.Openings, () => HistoryRows.InsertOpenings(session, [.. set.Openings], at));
        Add(skus, () => UpdateSkus(session, skus, set, at));
        var preorders = PreorderRows.Of(skus);
        Add(preorders, () => PreorderRows.Update(session, preorders, at));
        var peaks = skus.FindAll(s => s.Sales.Peaks.Changed());
        Add(peaks, () => SalesRows.UpsertPeaks(session, peaks));
        var paces = set.ChangedPaces.ToList();
        Add(paces, () => SalesRows.NotePaces(session, paces, at));
        var byChange = levels.ToLookup(ChangeOf);
        var (sold, planned, answered) = (byChange[LevelChange.Moved].ToList(), byChange[LevelChange.Planned].ToList(), byChange[LevelChange.Answered].ToList());
        var rest = byChange[LevelChange.Any].ToList();
        Add(sold, () => LevelMoves.Update(session, sold, at));
        Add(planned, () => LevelPushes.WritePlanned(session, planned, at));
        Add(answered, () => LevelPushes.WriteAnswered(session, answered, at));
        Add(rest, () => session.Of(LevelRows.UpdateSql, LevelRows.Parameters(rest, at)));
        Add(levels, () => HistoryRows.AppendLevels(session, levels, cause, at));
        Add(movements, () => session.Of(
            "INSERT INTO movement_keys (tenant_id, movement_key, recorded_at) SELECT $1, k, $2 FROM unnest($3::text[]) AS k",
            Sql.P(at), Sql.P(movements)));
        var counts = set.Counts.Changed.ToList();
        Add(counts, () => CountRows.Upsert(session, counts, at));
        var claims = set.Sources.ChangedClaims.ToList();
        Add(claims, () => SourceRows.Upsert(session, claims, at));
        var reported = set.Sources.ChangedPositions.ToList();
        Add(reported, () => SourceRows.Upsert(session, reported, at));
        Add(set.Work, () => WorkItemStore.Upsert(session, set.Work, at));
        Add(set.Drift, () => CaseRows.InsertDrift(session, set.Drift));
        Add(set.ListingsActive, () => session.Of(
            """
            UPDATE listings l SET active = d.active FROM unnest($2::bigint[], $3::bool[]) AS d (listing_id, active)
            WHERE l.tenant_id = $1 AND l.listing_id = d.listing_id
            """,
            Sql.P(set.ListingsActive.Keys.Select(l => l.Value).ToArray()), Sql.P(set.ListingsActive.Values.ToArray())));
        Add(set.Cured, () => CaseRows.CloseIncidents(session, set.Cured, at));
        Add(set.Incidents, () => CaseRows.UpsertIncidents(session, set.Incidents));
        Add(set.Verifications, () => CaseRows.MarkVerified(session, set.Verifications));
        if (set.ChangedRequests.ToList() is { Count: > 0 } requests)
        {
            statements.AddRange(RequestRows.Write(session, requests, at));
        }

        if (set.Oversells.Count > 0)
        {
            statements.AddRange(OversellRows.Write(session, set.Oversells, at));
        }

        foreach (var change in set.ConnectionChanges)
        {
            statements.Add(ConnectionStore.Status(session, change.Connection, change.Status, change.Reason, at));
        }

        return new SetWrite(
            statements,
            [
                (LevelMoves.UpdateSql, sold.Count, "level"), (LevelPushes.PlannedSql, planned.Count, "level"),
                (LevelPushes.AnsweredSql, answered.Count, "level"), (LevelRows.UpdateSql, rest.Count, "level"),
                (PositionRows.UpdateSql, moved.Count, "position"), (UpdateSkusSql, skus.Count, "SKU"),
            ]);
    }

    private static LevelChange ChangeOf(ChangedLevel level) =>
        LevelMoves.Suffices(level) ? LevelChange.Moved
        : LevelPushes.IsPlanned(level) ? LevelChange.Planned
        : LevelPushes.IsAnswered(level) ? LevelChange.Answered
        : LevelChange.Any;

    private static List<ChangedLevel> ChangedLevels(WorkingSet set)
    {
        var facts = set.Entries.GroupBy(e => e.Sku).ToDictionary(g => g.Key, g => g.Select(e => e.FactKey).Distinct().Count());
        return [.. set.ChangedLevels.Select(
            changed => new ChangedLevel(
                set.FindSku(changed.Sku)!, set.FindLoaded(changed.Sku)?.FindLevel(changed.Level.Id), changed.Level,
                Math.Max(1, facts.GetValueOrDefault(changed.Sku))))];
    }

    private static NpgsqlBatchCommand UpdateSkus(
        StorageSession session, List<SkuState> skus, WorkingSet set, DateTimeOffset at)
    {
        var figures = skus.ConvertAll(s => SkuFigures.Of(set, s));
        return session.Of(
            UpdateSkusSql,
            Sql.P(at),
            Sql.Column(skus, s => s.Sku.Value),
            Sql.Column(skus, s => (short)s.Mode),
            Sql.Column(skus, s => s.Velocity.Fast),
            Sql.Column(skus, s => s.Velocity.Slow),
            Sql.Column(skus, s => DatabaseTime.Of(s.Velocity.At)),
            Sql.Column(skus, s => s.Velocity.LargestOrder),
            Sql.Column(figures, f => f.Available),
            Sql.Column(figures, f => f.Exposure),
            Sql.Column(skus, s => s.Shortfall),
            Sql.Column(skus, s => s.OversoldUnits),
            Sql.Column(skus, s => s.OversoldGuardedUnits),
            Sql.Column(skus, s => SalesRows.Write(s.Sales.Channels)),
            Sql.Column(skus, s => s.Sales.Hour),
            Sql.Column(skus, s => s.Sales.HourUnits),
            Sql.Column(skus, s => s.SharedBy),
            Sql.Column(skus, s => s.PaceSteps),
            Sql.Column(skus, s => DatabaseTime.Of(s.Exposed.Since)),
            Sql.Column(skus, s => s.Exposed.Cause),
            Sql.Column(skus, s => s.Exposed.Alarmed));
    }

    // Whatever changed of a SKU, its levels and positions too, makes its version another: what readers keep rests on that.
    private const string UpdateSkusSql =
        """
        UPDATE sku_state s SET mode = d.mode, velocity_fast = d.fast, velocity_slow = d.slow, velocity_at = d.at,
          largest_order = d.largest, ats_units = d.ats, exposure_units = d.exposure, shortfall = d.shortfall,
          oversold_units = d.oversold, oversold_guarded_units = d.guarded, paces = d.paces::json, sales_hour = d.hour,
          sales_hour_units = d.hour_units, shared_by = d.shared_by, pace_steps = d.pace_steps, exposed_since = d.exposed_since,
          exposed_cause = d.exposed_cause, exposed_alarmed = d.exposed_alarmed, version = s.version + 1, updated_at = $2
        FROM unnest($3::bigint[], $4::smallint[], $5::float8[], $6::float8[], $7::timestamptz[], $8::int[], $9::int[],
          $10::int[], $11::int[], $12::bigint[], $13::bigint[], $14::text[], $15::bigint[], $16::int[], $17::text[], $18::text[], $19::timestamptz[],
          $20::text[], $21::int[])
          AS d (sku_id, mode, fast, slow, at, largest, ats, exposure, shortfall, oversold, guarded, paces, hour, hour_units,
            shared_by, pace_steps, exposed_since, exposed_cause, exposed_alarmed)
        WHERE s.tenant_id = $1 AND s.sku_id = d.sku_id
        """;
}
