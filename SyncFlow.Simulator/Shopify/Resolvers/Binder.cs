using SyncFlow.Simulator.GraphQl;

namespace SyncFlow.Simulator.Shopify.Resolvers;

/// <summary>Binds the fields of one type to functions of its object.</summary>
internal sealed class Binder<T>(Schema schema, string type)
    where T : class
{
    internal Binder<T> Field(string name, Func<T, object?> value)
    {
        schema.Bind(type, name, (source, _) => value((T)source));
        return this;
    }

    internal Binder<T> Field(string name, Func<T, RequestContext, FieldCall, object?> value)
    {
        schema.Bind(type, name, (source, call) => value((T)source, (RequestContext)call.Context, call));
        return this;
    }
}
