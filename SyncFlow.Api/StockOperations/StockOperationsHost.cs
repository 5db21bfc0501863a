using SyncFlow.Api.Counts;
using SyncFlow.Api.Http;
using SyncFlow.Storage.Operations;

namespace SyncFlow.Api.StockOperations;

/// <summary>Composes stock operations, counts and transfers.</summary>
internal static class StockOperationsHost
{
    public static IServiceCollection AddStockOperations(this IServiceCollection services) => services
        .AddSingleton<OperationDesk>().AddSingleton<CountDesk>()
        .AddScoped<OperationIntake>();

    public static IEndpointRouteBuilder AddStockOperations(this IEndpointRouteBuilder api) => api
        .Add<TakeInOperations>().Add<ListOperations>().Add<GetOperation>()
        .Add<TakeInCounts>().Add<ListCounts>().Add<WithdrawCount>();
}
