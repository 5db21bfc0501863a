using SyncFlow.Api.Counts;
using SyncFlow.Api.CountSheets;
using SyncFlow.Api.Csv;
using SyncFlow.Api.Http;
using SyncFlow.Api.Pickup;
using SyncFlow.Api.Transfers;
using SyncFlow.Storage.Operations;

namespace SyncFlow.Api.StockOperations;

/// <summary>Composes stock operations, counts and transfers.</summary>
internal static class StockOperationsHost
{
    public static IServiceCollection AddStockOperations(this IServiceCollection services) => services
        .AddSingleton<OperationDesk>().AddSingleton<CountDesk>().AddSingleton<SheetDesk>().AddSingleton<SheetReader>().AddSingleton<TransferDesk>()
        .AddSingleton<PickupDesk>().AddSingleton<CyclePlanner>()
        .AddScoped<OperationIntake>().AddScoped<SheetWork>().AddScoped<StepTransfer.Work>();

    public static IEndpointRouteBuilder AddStockOperations(this IEndpointRouteBuilder api) => api
        .Add<TakeInOperations>().Add<ListOperations>().Add<GetOperation>()
        .Add<TakeInCounts>().Add<ListCounts>().Add<WithdrawCount>().Add<ListDueCounts>().Add<GetShrinkage>()
        .Add<CreateSheet>().Add<ListSheets>().Add<GetSheet>().Add<ListSheetLines>().Add<EnterSheetLines>().Add<StepSheet>().Add<ReviewSheet>()
        .Add<PlanTransfer>().Add<ListTransfers>().Add<GetTransfer>().Add<StepTransfer>()
        .Add<OperationFiles>().Add<SheetFiles>().Add<TransferFiles>().Add<ListFiles>().Add<KitFiles>().Add<GroupFiles>().Add<AsideFiles>().Add<OversellFiles>().Add<CsvTemplates>()
        .Add<GetPickup>();
}
