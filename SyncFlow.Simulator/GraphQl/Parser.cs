namespace SyncFlow.Simulator.GraphQl;

/// <summary>Reads a GraphQL request document: operations and fragments.</summary>
internal sealed class Parser : TokenReader
{
    private Parser(string text)
        : base(text)
    {
    }

    internal static Document Parse(string text) => new Parser(text).ReadDocument();

    private Document ReadDocument()
    {
        var operations = new List<OperationNode>();
        var fragments = new Dictionary<string, FragmentNode>(StringComparer.Ordinal);
        while (Current.Kind != TokenKind.End)
        {
            var at = At;
            if (Is("{"))
            {
                operations.Add(new OperationNode("query", null, [], Selections(), at));
            }
            else if (IsName("fragment"))
            {
                Take();
                var name = Name();
                if (Name() != "on")
                {
                    throw Unexpected("\"on\"");
                }

                var type = Name();
                Directives();
                fragments[name] = new FragmentNode(name, type, Selections(), at);
            }
            else if (IsName("query") || IsName("mutation") || IsName("subscription"))
            {
                operations.Add(Operation(at));
            }
            else
            {
                throw Unexpected("an operation or a fragment");
            }
        }

        return operations.Count == 0
            ? throw GraphQlException.Syntax("syntax error, unexpected end of file", 1, 1)
            : new Document(operations, fragments);
    }

    private OperationNode Operation(Position at)
    {
        var kind = Take().Text;
        var name = Current.Kind == TokenKind.Name ? Take().Text : null;
        var variables = new List<VariableNode>();
        if (TryTake("("))
        {
            while (!TryTake(")"))
            {
                var variableAt = At;
                Expect("$");
                var variable = Name();
                Expect(":");
                var type = Type();
                var hasDefault = TryTake("=");
                variables.Add(new VariableNode(variable, type, hasDefault, hasDefault ? Value() : null, variableAt));
                Directives();
            }
        }

        Directives();
        return new OperationNode(kind, name, variables, Selections(), at);
    }

    private List<SelectionNode> Selections()
    {
        Enter();
        Expect("{");
        var selections = new List<SelectionNode>();
        while (!TryTake("}"))
        {
            selections.Add(Selection());
        }

        Leave();
        return selections.Count == 0 ? throw Unexpected("a field") : selections;
    }

    private SelectionNode Selection()
    {
        var at = At;
        if (TryTake("..."))
        {
            if (Current.Kind == TokenKind.Name && !IsName("on"))
            {
                return new SpreadNode(Name(), Directives(), at);
            }

            string? type = null;
            if (IsName("on"))
            {
                Take();
                type = Name();
            }

            return new InlineNode(type, Directives(), Selections(), at);
        }

        var name = Name();
        string? alias = null;
        if (TryTake(":"))
        {
            (alias, name) = (name, Name());
        }

        var arguments = Arguments();
        var directives = Directives();
        return new FieldNode(name, alias, arguments, directives, Is("{") ? Selections() : [], at);
    }
}
