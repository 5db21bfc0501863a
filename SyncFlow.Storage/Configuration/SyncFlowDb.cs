using Microsoft.EntityFrameworkCore;
using SyncFlow.Core;

namespace SyncFlow.Storage.Configuration;

/// <summary>
/// The configuration tables of one tenant. Made by <see cref="Sessions.StorageSession.CreateDbAsync"/>, inside its
/// transaction: every query is filtered to the tenant, and new rows get it. The schema is the migrations'; a test holds
/// this model against it.
/// </summary>
public sealed class SyncFlowDb(DbContextOptions<SyncFlowDb> options, TenantId tenant) : DbContext(options)
{
    public DbSet<TenantRow> Tenants => Set<TenantRow>();
    public DbSet<ApiKeyRow> ApiKeys => Set<ApiKeyRow>();
    public DbSet<ConnectionRow> Connections => Set<ConnectionRow>();
    public DbSet<ConnectionRuntimeRow> ConnectionRuntimes => Set<ConnectionRuntimeRow>();
    public DbSet<LocationRow> Locations => Set<LocationRow>();
    public DbSet<ChannelLocationRow> ChannelLocations => Set<ChannelLocationRow>();
    public DbSet<SkuRow> Skus => Set<SkuRow>();
    public DbSet<ChannelItemRow> ChannelItems => Set<ChannelItemRow>();
    public DbSet<ListingRow> Listings => Set<ListingRow>();
    public DbSet<SyncRunRow> SyncRuns => Set<SyncRunRow>();
    public DbSet<IncidentRow> Incidents => Set<IncidentRow>();
    public DbSet<DriftCaseRow> DriftCases => Set<DriftCaseRow>();

    /// <summary>Whose rows this sees.</summary>
    public long Tenant { get; } = tenant.Value;

    public override Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default)
    {
        StampTenant();
        return base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
    }

    public override int SaveChanges(bool acceptAllChangesOnSuccess)
    {
        StampTenant();
        return base.SaveChanges(acceptAllChangesOnSuccess);
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<TenantRow>(row =>
        {
            row.ToTable("tenants").HasKey(r => r.TenantId);
            row.HasQueryFilter(r => r.TenantId == Tenant);
        });
        modelBuilder.Entity<ApiKeyRow>(row =>
        {
            row.ToTable("api_keys").HasKey(r => new { r.TenantId, r.ApiKeyId });
            row.HasQueryFilter(r => r.TenantId == Tenant);
            row.Property(r => r.ApiKeyId).ValueGeneratedOnAdd();
        });
        modelBuilder.Entity<ConnectionRow>(row =>
        {
            row.ToTable("connections").HasKey(r => new { r.TenantId, r.ConnectionId });
            row.HasQueryFilter(r => r.TenantId == Tenant);
            row.Property(r => r.ConnectionId).ValueGeneratedOnAdd();
            row.Property(r => r.Settings).HasColumnType("jsonb");
        });
        modelBuilder.Entity<ConnectionRuntimeRow>(row =>
        {
            row.ToTable("connection_runtime").HasKey(r => new { r.TenantId, r.ConnectionId });
            row.HasQueryFilter(r => r.TenantId == Tenant);
        });
        modelBuilder.Entity<LocationRow>(row =>
        {
            row.ToTable("locations").HasKey(r => new { r.TenantId, r.LocationId });
            row.HasQueryFilter(r => r.TenantId == Tenant);
            row.Property(r => r.LocationId).ValueGeneratedOnAdd();
        });
        modelBuilder.Entity<ChannelLocationRow>(row =>
        {
            row.ToTable("channel_locations").HasKey(r => new { r.TenantId, r.ConnectionId, r.ExternalLocationId });
            row.HasQueryFilter(r => r.TenantId == Tenant);
        });
        modelBuilder.Entity<SkuRow>(row =>
        {
            row.ToTable("skus").HasKey(r => new { r.TenantId, r.SkuId });
            row.HasQueryFilter(r => r.TenantId == Tenant);
            row.Property(r => r.SkuId).ValueGeneratedOnAdd();
        });
        modelBuilder.Entity<ChannelItemRow>(row =>
        {
            row.ToTable("channel_items").HasKey(r => new { r.TenantId, r.ConnectionId, r.VariantRef });
            row.HasQueryFilter(r => r.TenantId == Tenant);
        });
        modelBuilder.Entity<ListingRow>(row =>
        {
            row.ToTable("listings").HasKey(r => new { r.TenantId, r.ListingId });
            row.HasQueryFilter(r => r.TenantId == Tenant);
            row.Property(r => r.ListingId).ValueGeneratedOnAdd();
        });
        modelBuilder.Entity<SyncRunRow>(row =>
        {
            row.ToTable("sync_runs").HasKey(r => new { r.TenantId, r.RunId });
            row.HasQueryFilter(r => r.TenantId == Tenant);
            row.Property(r => r.RunId).ValueGeneratedOnAdd();
            row.Property(r => r.Parameters).HasColumnType("jsonb");
            row.Property(r => r.Result).HasColumnType("jsonb");
        });
        modelBuilder.Entity<IncidentRow>(row =>
        {
            row.ToTable("incidents").HasKey(r => new { r.TenantId, r.IncidentId });
            row.HasQueryFilter(r => r.TenantId == Tenant);
            row.Property(r => r.IncidentId).ValueGeneratedOnAdd();
        });
        modelBuilder.Entity<DriftCaseRow>(row =>
        {
            row.ToTable("drift_cases").HasKey(r => new { r.TenantId, r.DriftId });
            row.HasQueryFilter(r => r.TenantId == Tenant);
            row.Property(r => r.DriftId).ValueGeneratedOnAdd();
        });
        foreach (var property in modelBuilder.Model.GetEntityTypes().SelectMany(type => type.GetProperties()))
        {
            property.SetColumnName(SnakeCase(property.Name));
        }
    }

    private static string SnakeCase(string name) =>
        string.Concat(name.Select((letter, i) => i > 0 && char.IsUpper(letter) ? "_" + char.ToLowerInvariant(letter) : char.ToLowerInvariant(letter).ToString()));

    private void StampTenant()
    {
        foreach (var entry in ChangeTracker.Entries<ITenantRow>().Where(e => e.State == EntityState.Added))
        {
            if (entry.Entity.TenantId == 0)
            {
                entry.Property(r => r.TenantId).CurrentValue = Tenant;
            }
            else if (entry.Entity.TenantId != Tenant)
            {
                throw new InvalidOperationException($"A row of tenant {entry.Entity.TenantId} was added in a session of tenant {Tenant}.");
            }
        }
    }
}
