using SyncFlow.Api.Allocation;
using SyncFlow.Api.Auditing;
using SyncFlow.Api.Authorities;
using SyncFlow.Api.Availability;
using SyncFlow.Api.Billing;
using SyncFlow.Api.Brakes;
using SyncFlow.Api.Compliance;
using SyncFlow.Api.Connections;
using SyncFlow.Api.Http;
using SyncFlow.Api.Keys;
using SyncFlow.Api.Ledger;
using SyncFlow.Api.Listings;
using SyncFlow.Api.Locations;
using SyncFlow.Api.Operations;
using SyncFlow.Api.Oversells;
using SyncFlow.Api.People;
using SyncFlow.Api.Platform;
using SyncFlow.Api.Preorders;
using SyncFlow.Api.Reservations;
using SyncFlow.Api.Skus;
using SyncFlow.Api.Sources;
using SyncFlow.Api.Stock;
using SyncFlow.Api.StockOperations;
using SyncFlow.Api.Tenancy;

namespace SyncFlow.Api;

/// <summary>Every endpoint under <c>/api/v1</c>.</summary>
internal static class Endpoints
{
    public static void AddAll(this IEndpointRouteBuilder api) => api
        .Add<ListConnections>().Add<GetConnection>().Add<CreateConnection>().Add<ChangeConnectionStatus>().Add<BeginConnectionRun>()
        .Add<GoLive>().Add<ResumeConnection>().Add<SetWebhookSecret>().Add<Parking>().Add<GuardBounds>()
        .Add<ListChannelLocations>().Add<MapLocation>().Add<ListLocations>().Add<GetLocation>().Add<CreateLocation>().Add<UpdateLocation>()
        .Add<ListStrandedUnits>()
        .Add<ListComplianceRequests>().Add<GetBilling>().Add<ChangeBilling>()
        .Add<ListSkus>().Add<GetSku>().Add<CreateSku>().Add<UpdateSku>()
        .Add<ListPreorders>().Add<GetPreorder>().Add<SetPreorder>().Add<RemovePreorder>().Add<SetAside>()
        .Add<ListListings>().Add<AutoMap>().Add<DeclarePool>().Add<ListSuggestions>().Add<DecideSuggestion>()
        .Add<ListAuthorityRules>().Add<SetAuthorityRule>().AddAllocation()
        .Add<GetAvailability>().Add<ListStock>().Add<GetStock>().Add<ExplainStock>().Add<MoveStock>().Add<ReleaseLevel>()
        .AddStockOperations().AddSources()
        .Add<ListLedger>().Add<ReplayLedger>()
        .Add<Reserve>().Add<ListReservations>().Add<GetReservation>().Add<ConfirmReservation>().Add<ReleaseReservation>()
        .Add<ExtendReservation>()
        .Add<ListOversells>().Add<GetOversell>().Add<DecideOversell>().Add<ListOversellActions>().Add<GetOversellCosts>().Add<FinishOversellAction>()
        .Add<SettlementRulesEndpoints>()
        .AddBrakes()
        .Add<ReadKeys>().Add<ManageKeys>().Add<SignIn>().Add<Me>().Add<ReadUsers>().Add<ManageUsers>().Add<ListTenants>().Add<EnterTenant>()
        .Add<ListAudit>().Add<CheckAudit>().Add<ExportAudit>()
        .Add<TenantEndpoints>().Add<SetQuota>().Add<StoreGroupEndpoints>().Add<SyncPermissionEndpoints>().Add<StoreJoinEndpoints>()
        .Add<ListPushes>().Add<GetPush>().Add<ListDeadLetters>().Add<SettleDeadLetter>().Add<SettleDeadLetters>().Add<ListIncidents>().Add<CloseIncident>()
        .Add<ListDrift>().Add<ListSyncRuns>().Add<GetSyncRun>().Add<BeginSyncRun>().Add<CancelSyncRun>().Add<GetPipelineStats>().Add<GetLatency>();
}
