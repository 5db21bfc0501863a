using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Ledger;
using SyncFlow.Storage.Allocation;
using SyncFlow.Storage.Buffers;

namespace SyncFlow.Storage.Brakes;

/// <summary>Bulk changes as they stand in <c>bulk_changes.payload</c> and <c>before</c>.</summary>
internal static class ChangeForms
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    /// <summary>The text to store.</summary>
    public static string Write(BulkChange change) => change switch
    {
        AdjustmentsChange adjustments => JsonSerializer.Serialize(
            adjustments.Items.Select(i => new AdjustmentRow(i.Sku.Value, i.Location.Value, i.Delta)), Options),
        SkuPoliciesChange policies => JsonSerializer.Serialize(
            policies.Items.Select(i => new PolicyRow(i.Sku.Value, i.Mode, i.SafetyBuffer, i.RiskBudget)), Options),
        AllocationChange rule => JsonSerializer.Serialize(
            new AllocationRow(rule.Scope, rule.Of, rule.Mode, Node(rule.Channels is { } rules ? RuleJson.Write(rules) : null), rule.Replaces), Options),
        BufferChange rule => JsonSerializer.Serialize(
            new BufferRow(Node(rule.Tiers is { } tiers ? BufferJson.Write(tiers) : null), rule.Replaces), Options),
        KitChange rule => JsonSerializer.Serialize(
            new KitRow(rule.Sku.Value, Node(ComponentJson.Write(rule.Components)), rule.Replaces), Options),
        GroupChange rule => JsonSerializer.Serialize(rule.Members.Select(m => new MemberRow(m.Sku.Value, m.Group)), Options),
        StockFactsChange facts => JsonSerializer.Serialize(facts.Held.Select(sku => sku.Value), Options),
        FactsTakenBackChange back => JsonSerializer.Serialize(
            new TakenBackRow(back.Of, [.. back.Items.Select(i => new DeltaRow(i.Sku.Value, i.Location.Value, i.Bucket, i.Delta))]), Options),
        LocationChange rule => JsonSerializer.Serialize(new LocationRow(rule.Location.Value, rule.FulfillsOnline, rule.Group), Options),
        AuthorityChange rule => JsonSerializer.Serialize(
            new AuthorityRow(rule.Sku?.Value, rule.SkuPrefix, rule.Location?.Value, rule.Owner?.Value, rule.Stands), Options),
        _ => throw new ArgumentException($"No form is known for {change.GetType().Name}.", nameof(change)),
    };

    /// <summary>Reads the stored text.</summary>
    /// <exception cref="JsonException">It is no such change.</exception>
    public static BulkChange Read(ChangeKind kind, string json) => kind switch
    {
        ChangeKind.Adjustments => new AdjustmentsChange(
            [.. Of<AdjustmentRow[]>(json).Select(i => new AdjustmentItem(new SkuId(i.Sku), new LocationId(i.Location), i.Delta))]),
        ChangeKind.SkuPolicies => new SkuPoliciesChange(
            [.. Of<PolicyRow[]>(json).Select(i => new SkuPolicyItem(new SkuId(i.Sku), i.Mode, i.SafetyBuffer, i.RiskBudget))]),
        ChangeKind.AllocationPolicy => Allocation(Of<AllocationRow>(json)),
        ChangeKind.BufferPolicy => Buffers(Of<BufferRow>(json)),
        ChangeKind.Kit => Kit(Of<KitRow>(json)),
        ChangeKind.Groups => new GroupChange([.. Of<MemberRow[]>(json).Select(m => new GroupMember(new SkuId(m.Sku), m.Group))]),
        ChangeKind.StockFacts => new StockFactsChange([.. Of<long[]>(json).Select(sku => new SkuId(sku))]),
        ChangeKind.FactsTakenBack => TakenBack(Of<TakenBackRow>(json)),
        ChangeKind.Location => Location(Of<LocationRow>(json)),
        ChangeKind.Authority => Authority(Of<AuthorityRow>(json)),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No form is known for this kind."),
    };

    /// <summary>What a change of a rule wants, for whoever decides; null for other changes.</summary>
    public static JsonElement? Rule(BulkChange change)
    {
        if (change is not RuleChange)
        {
            return null;
        }

        using var document = JsonDocument.Parse(Write(change));
        return document.RootElement.Clone();
    }

    private static AllocationChange Allocation(AllocationRow row) =>
        new(row.Scope, row.Of, row.Mode, row.Channels is { } rules ? RuleJson.Read(rules.ToJsonString()) : (ImmutableArray<ChannelRule>?)null)
        {
            Replaces = row.Replaces,
        };

    private static BufferChange Buffers(BufferRow row) => new(row.Tiers is { } tiers ? BufferJson.ReadTiers(tiers.ToJsonString()) : null)
    {
        Replaces = row.Replaces,
    };

    private static KitChange Kit(KitRow row) => new(new SkuId(row.Sku), ComponentJson.Read(row.Components?.ToJsonString()))
    {
        Replaces = row.Replaces,
    };

    private static FactsTakenBackChange TakenBack(TakenBackRow row) => new(
        row.Of, [.. row.Items.Select(i => new FactDelta(new SkuId(i.Sku), new LocationId(i.Location), i.Bucket, i.Delta))]);

    private static LocationChange Location(LocationRow row) => new(new LocationId(row.Location), row.FulfillsOnline, row.PoolGroup);

    private static AuthorityChange Authority(AuthorityRow row) => new(
        row.Sku is { } sku ? new SkuId(sku) : null, row.SkuPrefix, row.Location is { } location ? new LocationId(location) : null,
        row.Connection is { } owner ? new ConnectionId(owner) : null, row.Stands);

    private static T Of<T>(string json) => JsonSerializer.Deserialize<T>(json, Options) ?? throw new JsonException("A stored change is null.");

    private static JsonNode? Node(string? json) => json is null ? null : JsonNode.Parse(json);

    private sealed record AdjustmentRow(long Sku, long Location, int Delta);

    private sealed record PolicyRow(long Sku, SharingMode? Mode, int? SafetyBuffer, int? RiskBudget);

    private sealed record AllocationRow(PolicyScope Scope, long Of, SharingMode? Mode, JsonNode? Channels, int Replaces);

    private sealed record BufferRow(JsonNode? Tiers, int Replaces);

    private sealed record KitRow(long Sku, JsonNode? Components, int Replaces);

    private sealed record MemberRow(long Sku, long? Group);

    private sealed record TakenBackRow(long Of, DeltaRow[] Items);

    private sealed record DeltaRow(long Sku, long Location, Bucket Bucket, int Delta);

    private sealed record LocationRow(long Location, bool? FulfillsOnline, int? PoolGroup);

    private sealed record AuthorityRow(long? Sku, string? SkuPrefix, long? Location, long? Connection, bool Stands);
}
