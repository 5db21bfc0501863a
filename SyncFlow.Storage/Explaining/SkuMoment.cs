using System.Collections.Immutable;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Explaining;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Ledger;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Explaining;

/// <summary>What the histories say of one SKU at a moment, beside the sums of its ledger.</summary>
internal sealed record SkuMoment(
    SkuId Sku, List<MomentReader.Opening> Openings, List<MomentReader.Setting> Settings, List<MomentReader.LevelRow> Levels,
    RulesReader Rules)
{
    /// <summary>Its queries.</summary>
    public static NpgsqlBatchCommand[] Statements(StorageSession session, SkuId sku, DateTimeOffset at) =>
    [
        MomentReader.Openings(session, sku, at), MomentReader.Settings(session, sku, at), MomentReader.Levels(session, sku, at),
        .. RulesReader.Statements(session, sku, at),
    ];

    /// <summary>Reads their results; the reader stands before the first, and on the last afterwards.</summary>
    public static async Task<SkuMoment> ReadNextAsync(NpgsqlDataReader reader, SkuId sku, CancellationToken ct) => new(
        sku, await NextAsync(reader, MomentReader.ReadOpening, ct).ConfigureAwait(false),
        await NextAsync(reader, MomentReader.ReadSetting, ct).ConfigureAwait(false),
        await NextAsync(reader, MomentReader.ReadLevel, ct).ConfigureAwait(false),
        await RulesReader.ReadNextAsync(reader, ct).ConfigureAwait(false));

    /// <summary>SKUs that kits tied to another, with the sums of their ledgers: one round trip for all.</summary>
    public static async Task<List<(SkuMoment Moment, List<PoolSums> Pools)>> ReadTiedAsync(
        StorageSession session, IReadOnlyList<SkuId> skus, LedgerPoint until, CancellationToken ct)
    {
        var found = new List<(SkuMoment, List<PoolSums>)>(skus.Count);
        if (skus.Count == 0)
        {
            return found;
        }

        await using var batch = session.Batch([.. skus.SelectMany(sku => (NpgsqlBatchCommand[])
            [LedgerSums.Behind(session, sku, null, until), .. Statements(session, sku, until.RecordedAt)])]);
        await using var reader = await batch.ExecuteReaderAsync(ct).ConfigureAwait(false);
        foreach (var sku in skus)
        {
            var pools = found.Count == 0
                ? await StorageSession.ReadAsync(reader, LedgerSums.Read, ct).ConfigureAwait(false)
                : await NextAsync(reader, LedgerSums.Read, ct).ConfigureAwait(false);
            found.Add((await ReadNextAsync(reader, sku, ct).ConfigureAwait(false), pools));
        }

        return found;
    }

    /// <summary>The settings as the rules take them, those of locations and connections included.</summary>
    public (SkuPolicy Policy, EngineContext Context, GrowthStops Stops) Interpret(TenantId tenant, IReadOnlyList<MomentReader.Channel> channels) =>
        MomentReader.Interpret(tenant, Settings, channels);

    /// <summary>The newest word on its mode, and when it was said; null where none was.</summary>
    public (DateTimeOffset At, EffectiveMode Mode)? ModeSaid
    {
        get
        {
            var said = Levels.Select(l => l.Record).Where(r => r.Mode is not null).MaxBy(r => r.At);
            return said is null ? null : (said.At, said.Mode!.Value);
        }
    }

    /// <summary>The SKU as it was known.</summary>
    public SkuState ToState(SkuPolicy policy, EngineContext context, List<PoolSums> pools, TiedSkus tied)
    {
        var opened = Openings.Where(o => o.Opened).Select(o => o.Location).ToHashSet();
        var aside = Openings.ToDictionary(o => o.Location, o => o.SetAside);
        var newest = Levels.GroupBy(l => l.Level).Select(rows => rows.First()).ToList();
        var (group, modeSet) = MomentReader.MembershipOf(Settings);
        var buffers = MomentReader.BuffersOf(Settings);
        return Rules.Complete(
            new SkuState
            {
                Sku = Sku,
                Policy = policy,
                Mode = ModeSaid?.Mode ?? EffectiveMode.Guard,
                Components = tied.Components.GetValueOrDefault(Sku, []),
                Pools =
                [
                    .. pools.Where(p => p.Entries > 0 || opened.Contains(p.Location))
                        .Select(p => new Pool(p.Location, p.Buckets, opened.Contains(p.Location))
                        {
                            SourceBuffer = context.Locations.GetValueOrDefault(p.Location)?.SourceBuffer ?? 0,
                            SetAside = aside.GetValueOrDefault(p.Location),
                            Tier = buffers.GetValueOrDefault(p.Location),
                        }),
                    .. opened.Except(pools.Select(p => p.Location)).Select(l => new Pool(l, default, true)),
                ],
                Levels = [.. newest.Select(l => l.Record.ToState(l.Level, l.Listing, l.Connection, l.Location) with
                {
                    UnitsPerSale = l.UnitsPerSale,
                    SoldAsParts = l.SoldAsParts,
                })],
            },
            group,
            modeSet);
    }

    private static async Task<List<T>> NextAsync<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> read, CancellationToken ct)
    {
        await reader.NextResultAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(reader, read, ct).ConfigureAwait(false);
    }
}
