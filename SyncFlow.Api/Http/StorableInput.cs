using System.Collections;
using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;

namespace SyncFlow.Api.Http;

/// <summary>
/// Refuses a request in which a text holds a NUL, which no text of the database can: its field is named, wherever in
/// address, query or body it stands. Events of sources are left to their endpoint, which refuses each by itself.
/// </summary>
internal static class StorableInput
{
    private static readonly ConcurrentDictionary<Type, PropertyInfo[]> Known = new();

    /// <summary>Looks at everything that routes added after this are given.</summary>
    public static RouteGroupBuilder RefuseWhatCannotBeKept(this RouteGroupBuilder routes) => routes.AddEndpointFilterFactory((factory, next) =>
    {
        var services = factory.ApplicationServices.GetService<IServiceProviderIsService>();
        var names = Array.ConvertAll(
            factory.MethodInfo.GetParameters(), p => services?.IsService(p.ParameterType) == true ? null : p.GetCustomAttribute<FromQueryAttribute>()?.Name ?? p.Name);
        return context =>
        {
            for (var i = 0; i < context.Arguments.Count; i++)
            {
                if (names[i] is { } name && FieldWithNul(context.Arguments[i], name, isBody: true) is { } field)
                {
                    throw new RequestRefusedException(Problem.Invalid(field, Check.Nul));
                }
            }

            return next(context);
        };
    });

    /// <summary>Where a text with a NUL stands; null where none does.</summary>
    /// <param name="name">What the value is called.</param>
    /// <param name="isBody">Whether its members are named by themselves.</param>
    internal static string? FieldWithNul(object? value, string name, bool isBody) => value switch
    {
        null => null,
        string text => text.Contains('\0', StringComparison.Ordinal) ? name : null,
        IEnumerable items when IsOurs(value.GetType()) => InList(items, name, isBody),
        _ when IsOurs(value.GetType()) => InMembers(value, isBody ? "" : name + "."),
        _ => null,
    };

    private static string? InList(IEnumerable items, string name, bool isQuery)
    {
        var index = 0;
        foreach (var item in items)
        {
            if (FieldWithNul(item, isQuery ? name : string.Create(CultureInfo.InvariantCulture, $"{name}[{index++}]"), isBody: false) is { } field)
            {
                return field;
            }
        }

        return null;
    }

    private static string? InMembers(object value, string prefix)
    {
        foreach (var member in Known.GetOrAdd(value.GetType(), Members))
        {
            if (FieldWithNul(member.GetValue(value), prefix + JsonNamingPolicy.CamelCase.ConvertName(member.Name), isBody: false) is { } field)
            {
                return field;
            }
        }

        return null;
    }

    /// <summary>What a binder sets, and can hold a text.</summary>
    private static PropertyInfo[] Members(Type type) =>
    [
        .. type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.CanWrite && p.GetIndexParameters().Length == 0 && (p.PropertyType == typeof(string) || IsOurs(p.PropertyType))),
    ];

    /// <summary>Records that requests are bound to, and lists of them or of texts: nothing of the framework's, and no service.</summary>
    private static bool IsOurs(Type type) => type.IsArray ? IsOurs(type.GetElementType()!) || type == typeof(string[])
        : type.IsGenericType ? type.GetGenericArguments().Any(a => a == typeof(string) || IsOurs(a)) && typeof(IEnumerable).IsAssignableFrom(type)
        : type is { IsEnum: false, IsClass: true } && type.Namespace?.StartsWith("SyncFlow.", StringComparison.Ordinal) == true;
}
