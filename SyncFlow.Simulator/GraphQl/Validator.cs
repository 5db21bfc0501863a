namespace SyncFlow.Simulator.GraphQl;

/// <summary>
/// Checks a document against the schema before it runs; errors carry the codes and wording of Shopify's server
/// (undefinedField, argumentNotAccepted, missingRequiredArguments, selectionMismatch ...).
/// </summary>
internal sealed class Validator
{
    private readonly Schema _schema;
    private readonly Document _document;
    private readonly List<GraphQlError> _errors = [];
    private readonly HashSet<string> _defined;
    private readonly HashSet<string> _openFragments = new(StringComparer.Ordinal);

    private Validator(Schema schema, Document document, OperationNode operation)
    {
        _schema = schema;
        _document = document;
        _defined = operation.Variables.Select(v => v.Name).ToHashSet(StringComparer.Ordinal);
    }

    internal static IReadOnlyList<GraphQlError> Validate(Schema schema, Document document, OperationNode operation)
    {
        var validator = new Validator(schema, document, operation);
        validator.Operation(operation);
        return validator._errors;
    }

    private void Operation(OperationNode operation)
    {
        foreach (var variable in operation.Variables)
        {
            if (!_schema.Types.TryGetValue(variable.Type.Leaf, out var type))
            {
                Add("undefinedType", $"{variable.Type.Leaf} isn't a defined input type (on ${variable.Name})", variable.At);
            }
            else if (type.IsComposite)
            {
                Add("variableRequiresValidType", $"{type.Name} isn't a valid input type (on ${variable.Name})", variable.At);
            }
        }

        if (operation.Kind == "subscription")
        {
            Add("missingSubscription", "Schema is not configured for subscriptions", operation.At);
            return;
        }

        var name = operation.Name is null ? operation.Kind : $"{operation.Kind} {operation.Name}";
        Selections(operation.Kind == "mutation" ? _schema.Mutation : _schema.Query, operation.Selections, [name]);
    }

    private void Selections(TypeDef type, IReadOnlyList<SelectionNode> selections, IReadOnlyList<object> path)
    {
        foreach (var selection in selections)
        {
            Directives(selection);
            switch (selection)
            {
                case FieldNode field:
                    Field(type, field, path);
                    break;
                case InlineNode inline:
                    Fragment(inline.TypeName ?? type.Name, inline.Selections, inline.At, [.. path, "... on " + (inline.TypeName ?? type.Name)]);
                    break;
                case SpreadNode spread:
                    Spread(spread, path);
                    break;
                default:
                    throw new InvalidOperationException($"unknown selection {selection.GetType().Name}");
            }
        }
    }

    private void Spread(SpreadNode spread, IReadOnlyList<object> path)
    {
        if (!_document.Fragments.TryGetValue(spread.Fragment, out var fragment))
        {
            Add("useAndDefineFragment", $"Fragment {spread.Fragment} was used, but not defined", spread.At, path);
            return;
        }

        if (!_openFragments.Add(spread.Fragment))
        {
            Add("infiniteLoop", $"Fragment {spread.Fragment} contains an infinite loop", spread.At, path);
            return;
        }

        Fragment(fragment.TypeName, fragment.Selections, fragment.At, ["fragment " + fragment.Name]);
        _openFragments.Remove(spread.Fragment);
    }

    private void Fragment(string typeName, IReadOnlyList<SelectionNode> selections, Position at, IReadOnlyList<object> path)
    {
        if (!_schema.Types.TryGetValue(typeName, out var type) || !type.IsComposite)
        {
            Add("undefinedType", $"No such type {typeName}, so it can't be a fragment condition", at, path);
            return;
        }

        Selections(type, selections, path);
    }

    private void Field(TypeDef type, FieldNode field, IReadOnlyList<object> path)
    {
        if (field.Name == "__typename")
        {
            return;
        }

        IReadOnlyList<object> here = [.. path, field.Key];
        if (!type.Fields.TryGetValue(field.Name, out var def))
        {
            Add(
                "undefinedField", $"Field '{field.Name}' doesn't exist on type '{type.Name}'", field.At, here,
                ("typeName", type.Name), ("fieldName", field.Name));
            return;
        }

        Arguments(def, field, here);
        var result = _schema[def.Type.Leaf];
        if (result.IsLeaf && field.Selections.Count > 0)
        {
            Add(
                "selectionMismatch",
                $"Selections can't be made on {(result.Kind == TypeKind.Enum ? "enums" : "scalars")} " +
                $"(field '{field.Name}' returns {result.Name} but has selections " +
                $"[{string.Join(", ", field.Selections.OfType<FieldNode>().Select(f => $"\"{f.Name}\""))}])",
                field.At, here, ("nodeName", $"field '{field.Name}'"), ("typeName", result.Name));
        }
        else if (!result.IsLeaf && field.Selections.Count == 0)
        {
            Add(
                "selectionMismatch",
                $"Field must have selections (field '{field.Name}' returns {result.Name} but has no selections. " +
                $"Did you mean '{field.Name} {{ ... }}'?)",
                field.At, here, ("nodeName", $"field '{field.Name}'"), ("typeName", result.Name));
        }
        else if (!result.IsLeaf)
        {
            Selections(result, field.Selections, here);
        }
    }

    private void Arguments(FieldDef def, FieldNode field, IReadOnlyList<object> path)
    {
        foreach (var argument in field.Arguments)
        {
            if (!def.Arguments.TryGetValue(argument.Name, out var known))
            {
                Add(
                    "argumentNotAccepted", $"Field '{field.Name}' doesn't accept argument '{argument.Name}'", argument.At,
                    [.. path, argument.Name], ("name", field.Name), ("typeName", "Field"), ("argumentName", argument.Name));
                continue;
            }

            Variables(argument.Value, argument.At, path);
            if (Literals.Problem(_schema, known.Type, argument.Value) is { } problem)
            {
                Add(
                    "argumentLiteralsIncompatible",
                    $"Argument '{argument.Name}' on Field '{field.Name}' has an invalid value. {problem}", argument.At,
                    [.. path, argument.Name], ("typeName", "Field"), ("argumentName", argument.Name));
            }
        }

        var missing = def.Arguments.Values
            .Where(a => a.Type.NonNull && !a.HasDefault && field.Arguments.All(given => given.Name != a.Name))
            .Select(a => a.Name).ToList();
        if (missing.Count > 0)
        {
            Add(
                "missingRequiredArguments",
                $"Field '{field.Name}' is missing required arguments: {string.Join(", ", missing)}", field.At, path,
                ("className", "Field"), ("name", field.Name), ("arguments", string.Join(", ", missing)));
        }
    }

    private void Directives(SelectionNode selection)
    {
        foreach (var directive in selection.Directives)
        {
            if (directive.Name is not ("skip" or "include" or "idempotent"))
            {
                Add("undefinedDirective", $"Directive @{directive.Name} is not defined", directive.At, null, ("directiveName", directive.Name));
                continue;
            }

            var wanted = directive.Name == "idempotent" ? "key" : "if";
            if (directive.Arguments.All(a => a.Name != wanted))
            {
                Add(
                    "missingRequiredArguments",
                    $"Directive '{directive.Name}' is missing required arguments: {wanted}", directive.At, null,
                    ("className", "Directive"), ("name", directive.Name), ("arguments", wanted));
            }

            if (directive.Name == "idempotent" && selection is not FieldNode)
            {
                Add("cannotPlaceDirective", "'@idempotent' can't be applied to fragment spreads (allowed: fields)", directive.At);
            }

            foreach (var argument in directive.Arguments)
            {
                Variables(argument.Value, argument.At, []);
            }
        }
    }

    private void Variables(object? value, Position at, IReadOnlyList<object> path)
    {
        switch (value)
        {
            case VariableRef reference when !_defined.Contains(reference.Name):
                Add("variableNotDefined", $"Variable ${reference.Name} is used by anonymous query but not declared", at, path, ("variableName", reference.Name));
                break;
            case List<object?> list:
                list.ForEach(item => Variables(item, at, path));
                break;
            case Dictionary<string, object?> fields:
                foreach (var item in fields.Values)
                {
                    Variables(item, at, path);
                }

                break;
            default:
                break;
        }
    }

    private void Add(string code, string message, Position at, IReadOnlyList<object>? path = null, params (string Key, object? Value)[] more) =>
        _errors.Add(new GraphQlError(message, at, path, GraphQlException.Extensions(code, more)));
}
